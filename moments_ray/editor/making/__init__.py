"""Films and pictures made of words: by parts of the product, in so far as it understands them, or by models."""
