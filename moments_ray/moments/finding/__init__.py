"""Finding moments: pure functions over transcripts and measured signals."""
