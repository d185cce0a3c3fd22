"""The server's own tests: make test."""
