"""Pages of customers and restaurants: thin, they ask selectors and call verbs."""
