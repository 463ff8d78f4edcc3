"""Answers from old events: the stream is read again into a scratch model, and nothing of the live groups is touched."""
