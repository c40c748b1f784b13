"""Runs: submitted, queued, claimed, executed, followed."""
