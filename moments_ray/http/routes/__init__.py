"""Routes that belong to no product."""
