"""What is known of each listing: features and vectors."""
