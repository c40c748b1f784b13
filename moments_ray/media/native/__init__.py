"""What touches libav directly: called only in children, through ``media.process.run_python``."""
