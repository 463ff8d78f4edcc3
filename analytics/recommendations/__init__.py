"""Also ordered with: which items of a restaurant share baskets."""
