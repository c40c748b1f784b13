"""The routes of ads."""
