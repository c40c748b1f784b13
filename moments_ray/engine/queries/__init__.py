"""Statements about runs and their journal."""
