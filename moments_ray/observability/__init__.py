"""How the product is watched."""
