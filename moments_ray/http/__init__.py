"""What every API shares: problems, authentication, paging, events, run routes."""
