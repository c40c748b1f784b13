"""Statements about videos, transcripts and search."""
