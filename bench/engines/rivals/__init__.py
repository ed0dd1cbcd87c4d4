"""Other engines on the same marketplace and the same searches, each as far as it can go."""
