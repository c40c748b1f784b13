"""What is said and seen in an ad: styles, the rules for what may be said, and who writes it."""
