"""What a host says of themselves over HTTP."""
