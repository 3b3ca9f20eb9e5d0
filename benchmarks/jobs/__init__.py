"""One file for each job; each defines `JOB`."""
