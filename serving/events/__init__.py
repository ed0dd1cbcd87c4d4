"""What guests did with the answers they got."""
