"""What `benchmarks.fraud` is made of: a month as events, a reviewer, an online model, a public set, measures."""
