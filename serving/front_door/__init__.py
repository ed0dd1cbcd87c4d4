"""What a browser asks for that was given the bare address."""
