"""One file per job; each holds `JOB`."""
