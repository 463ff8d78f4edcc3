"""What `benchmarks.scale` measures: relays, readers and workers, more of them and with more before them."""
