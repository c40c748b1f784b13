"""The stages of jobs beside those of the library."""
