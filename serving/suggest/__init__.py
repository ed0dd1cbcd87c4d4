"""What a guest may mean, while typing."""
