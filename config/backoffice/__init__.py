"""The admin as this project runs it: its site, its theme's few needs, and the groups of those who work in it."""
