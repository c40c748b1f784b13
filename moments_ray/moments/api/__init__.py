"""Moments over HTTP: routes and their schemas."""
