"""The courier's page, and the fragment that tells a customer who comes."""
