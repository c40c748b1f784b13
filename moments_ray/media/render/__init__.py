"""Renders films: a plan on the frame grid, one piece a segment, joined by copy, verified frame by frame."""
