"""The pages `/compare` and `/choose`, and what only the wiring can count: what each road takes to run."""
