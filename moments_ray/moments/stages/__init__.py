"""The stages that find, cut and refine moments."""
