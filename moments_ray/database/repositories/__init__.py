"""Every query, by the noun it asks about; a repository gets its session once and takes domain arguments."""
