"""Fraud: what the stream tells of accounts, cards, devices, doors and couriers; rules that judge; cases for people.

`facts`, `profiles`, `features`, `rules` and `scoring` know no Django, so that the consumer group and the benchmark
(`python -m benchmarks.fraud`) run the very same code.
"""
