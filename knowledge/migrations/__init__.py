"""Migrations of the one schema, of every room, in order."""
