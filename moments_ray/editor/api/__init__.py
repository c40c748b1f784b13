"""The editor over HTTP."""
