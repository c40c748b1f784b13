"""The page that shows a video's moments."""
