"""What others tell us by themselves."""
