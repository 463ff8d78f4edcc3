"""Money at the gateway: called from the payments queue's tasks only, never inside a transaction."""
