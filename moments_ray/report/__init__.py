"""The page a person opens after a run: one file, its clips beside it."""
