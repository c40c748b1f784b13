"""From transcript to moments."""
