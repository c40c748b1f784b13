"""The stages that make a source a video with sound and words."""
