"""One object-store protocol, its stores and the node's cache."""
