"""The SQL of ads."""
