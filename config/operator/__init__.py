"""The operator's pages: they look into every room at once, so they live where wiring is allowed to."""
