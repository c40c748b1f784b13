"""What tests of this product and of what is built on it need."""
