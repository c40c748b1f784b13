"""What the engine costs and keeps, beside bare Ray, Celery, DBOS and procrastinate in one run."""
