"""Next-basket prediction on a public set: its format, its split, its measures, and the rivals."""
