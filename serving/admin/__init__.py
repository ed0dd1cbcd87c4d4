"""What administrators do to the process."""
