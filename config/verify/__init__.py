"""Whether the running system keeps its promises: every check reads what is there and names what breaks them."""
