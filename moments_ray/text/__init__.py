"""What a text is about and how it feels: plain functions over sentences with their times."""
