"""PostgreSQL: the only truth. Every query of the product lives under this package."""
