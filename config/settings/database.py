"""PostgreSQL, with a pool: under ASGI each request runs in a thread of its own and would connect anew."""

from .environment import env

_database = env.db_url("DATABASE_URL", default="postgres://forkroad:forkroad@127.0.0.1:5432/forkroad")

DATABASES = {
    "default": {
        **_database,
        "OPTIONS": {
            # What the address carries after its question mark: sslmode and its like.
            **_database.get("OPTIONS", {}),
            "application_name": env.str("FORKROAD_PART", default="forkroad"),
            # Offers, claims and locks are held for milliseconds: a wait this long is a fault, not contention.
            "options": "-c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000",
        },
        # Commands and workers hold one connection; `config.asgi` switches to the pool.
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
}

if env.bool("FORKROAD_POOL", default=False):
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = False
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 2, "max_size": 12, "timeout": 10}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
