"""The library over HTTP: routes and their schemas."""
