"""Measurements; each module prints what README and docs may quote."""
