"""Customers, restaurants and couriers: each does what a person with the platform's pages would do, by its API."""
