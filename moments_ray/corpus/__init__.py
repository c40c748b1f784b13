"""Work on whole libraries: backfills and re-derivation."""
