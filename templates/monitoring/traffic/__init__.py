"""The world outside: teams that deploy, and ask before; and what became of their deployments."""
