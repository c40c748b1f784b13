"""Statements about backfills, their items and the sets of moments that they made."""
