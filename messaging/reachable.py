"""Whether PostgreSQL is there: without it no command can even begin."""

from __future__ import annotations

import logging

from django.db import DatabaseError, InterfaceError, connection

logger = logging.getLogger(__name__)


def database_answers() -> bool:
    """Asked over a connection of this thread's own, which is closed again."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as error:
        logger.debug("PostgreSQL does not answer: %s", error)
        return False
    finally:
        connection.close()
    return True
