"""Executing stages and chains of fan-outs as Ray tasks."""
