"""Incidents told to people and to other systems: operators by their notices, the rest by a signed webhook."""
