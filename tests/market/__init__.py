"""The market's ticks and their three readers: pricing, monitoring, compliance."""
