"""Submitting, claiming, driving, cancelling and repairing runs of any pipeline."""
