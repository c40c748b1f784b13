"""Pictures of an ad without a model: drawn, moved and encoded; code for a child process."""
