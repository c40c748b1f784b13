"""The laptop's PostgreSQL and Redis, from wheels."""
