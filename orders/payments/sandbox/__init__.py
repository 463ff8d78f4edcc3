"""A payment provider for demos and tests: an HTTP service of its own that follows Stripe, and misbehaves on demand."""
