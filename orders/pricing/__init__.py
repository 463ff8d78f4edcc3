"""Delivery fees by demand: ticks of the market move each zone's surcharge within its bounds, quotes promise it."""
