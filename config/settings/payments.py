"""The payment provider: the sandbox on this machine, or Stripe."""

from .brokers import TASK_LIMIT_SECONDS
from .environment import env

#: The adapter, and the provider it speaks to. The key names the account; the sandbox makes one for any.
PAYMENT_GATEWAY: str = env.str("PAYMENT_GATEWAY", default="orders.payments.stripe.StripeGateway")
PAYMENT_GATEWAY_URL: str = env.str("PAYMENT_GATEWAY_URL", default="http://127.0.0.1:29400")
PAYMENT_GATEWAY_KEY: str = env.str("PAYMENT_GATEWAY_KEY", default="sk_test_forkroad")
#: Webhooks are signed with it. Without one none is believed.
PAYMENT_WEBHOOK_SECRET: str = env.str("PAYMENT_WEBHOOK_SECRET", default="")
#: Wall seconds for one call; a command makes two at most, and must end within its limit.
PAYMENT_TIMEOUT_SECONDS: float = env.float("PAYMENT_TIMEOUT_SECONDS", default=min(4.0, TASK_LIMIT_SECONDS * 0.4))

#: Where browsers reach this site, for the way back from a customer's bank.
PUBLIC_URL: str = env.str("FORKROAD_URL", default="http://127.0.0.1:8000").rstrip("/")
