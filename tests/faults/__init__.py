"""The fault matrix: what the system survives, how it is broken on one machine, and what is checked afterwards.

`make test` runs a short cut of every row; `make faults` sets FORKROAD_FAULTS=full and runs each to its full count.
"""
