"""Checks of this machine and of the running system, each with what to do when it fails."""
