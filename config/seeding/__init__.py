"""Filling an empty system with a city to play in: `manage.py seed`."""
