"""Money: the gateway, the payment's own life, refunds, and the ledger. docs/payments.md is the overview."""
