"""Who can be asked: the registry of models."""
