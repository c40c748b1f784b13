"""Declarations of pipelines, and nothing else."""
