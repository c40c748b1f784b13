"""The routes and sockets of jobs."""
