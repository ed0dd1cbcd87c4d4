"""What the service says of itself: request ids, logs, metrics, spans."""
