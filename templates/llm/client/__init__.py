"""Two programs that use the model. They run anywhere and know only the server's address."""
