"""The deployments that talk to models."""
