"""Shapes that belong to no product."""
