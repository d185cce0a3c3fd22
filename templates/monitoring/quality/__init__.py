"""How good the answers were: predictions and their outcomes, joined and counted."""
