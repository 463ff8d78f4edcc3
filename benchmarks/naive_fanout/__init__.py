"""What `benchmarks.fanout` compares with, and what its workers load."""
