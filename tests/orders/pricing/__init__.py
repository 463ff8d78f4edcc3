"""Fees by demand: the rule, the quotes, the group."""
