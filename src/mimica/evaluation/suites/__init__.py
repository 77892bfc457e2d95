"""The suites: which cases are measured. `self`, `cross` and `truth`, one file each."""
