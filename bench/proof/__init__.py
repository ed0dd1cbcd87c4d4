"""The proof: random histories on real PostgreSQL, with workers and the server killed and a processor that lies."""
