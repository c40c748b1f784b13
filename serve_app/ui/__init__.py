"""The web front end: static modules of our own under ``/ui/``, a client of the public API and nothing more."""
