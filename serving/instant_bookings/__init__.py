"""Book a quote at once, with the receipt of its payment."""
