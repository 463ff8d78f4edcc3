"""Pieces of this room's read models that pages of other rooms show."""
