"""What is learned: listing features, embeddings, the ranker and the price model."""
