"""Crime for the city: known patterns of fraud, hidden among honest people's orders.

`month` makes a month of acts without any HTTP, for the benchmark; `crooks` plays a few of them in a running city.
"""
