"""The audit's key: kept where the database is not, so that whoever can write there cannot sign what they wrote."""

from .environment import env
from .web import SECRET_KEY

AUDIT_KEY: str = env.str("FORKROAD_AUDIT_KEY", default=f"audit {SECRET_KEY}")
