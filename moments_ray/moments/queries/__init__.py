"""Statements about moments and their clips."""
