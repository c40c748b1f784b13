"""Cuts clips out of a source; ``job`` is the way in."""
