"""The statements of the editor."""
