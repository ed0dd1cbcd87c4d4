"""What a signed-in user looked at lately."""
