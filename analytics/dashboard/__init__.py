"""The operator's live numbers: each order's life and each courier's shift, as their events tell them."""
