"""The stages of ads."""
