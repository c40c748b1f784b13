"""The SQL of jobs: runs whose pipeline begins with `job.`."""
