"""Replays that a page asks for: a command on SQS carries one out, and writes down how far it is."""
