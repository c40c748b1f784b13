"""Backfills over HTTP: routes and their schemas."""
