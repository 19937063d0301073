"""The roles, built of their parts and run, one a process."""
