"""Watching the market's ticks: what is out of the ordinary, told from the ticks alone."""
