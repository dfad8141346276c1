"""How we decide, speak and hand over to people."""
