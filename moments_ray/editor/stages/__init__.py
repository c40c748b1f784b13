"""The stages of the editor."""
