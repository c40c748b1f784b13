"""The product: video jobs, each one request with all its results."""
