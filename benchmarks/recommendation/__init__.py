"""How well titles are recommended, beside peers."""
