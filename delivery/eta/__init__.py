"""Time promises: when an order is expected at its door, and by when at the latest.

Two consumer groups feed it. `preparation` learns from the stream how long restaurants take, by hour (`learning.py`;
it can be replayed). `promises` gives each order a new promise whenever it has moved on, and keeps each that was shown
(`promises.py`), so that one can count how often the latest time held (`calibration.py`).
"""
