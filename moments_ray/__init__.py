"""A video in, the moments worth watching out."""

__version__ = "0.1.0"
