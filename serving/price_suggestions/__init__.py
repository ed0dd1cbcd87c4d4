"""What a host could ask for a night, and why."""
