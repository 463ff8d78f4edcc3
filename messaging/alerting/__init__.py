"""Alerts that trigger a response.

A rule (`rules.py`) says of a kind of incident how grave it is and what is done about it. A watch (each room's
`sweep.py`, by `watching.keep`) opens incidents while something lasts, and closes them when it is over. The sweeper
(`answering.py`) owes each open incident its steps: commands on the queue `alerts`, carried out once (`responding.py`).
People acknowledge and resolve (`verbs.py`).
"""
