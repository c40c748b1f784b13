"""Probing, fetching and cutting media, always in killable child processes."""
