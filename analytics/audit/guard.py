"""Take the audit's tables away from the role that the application uses: it may add to them, and no more.

The triggers refuse a change to everybody, but the owner of a table can drop its triggers. So the tables get an owner of
their own, which nobody signs in as. This is a database administrator's work, done once with a role that may do it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction
from psycopg import sql

KEEPER = "forkroad_audit_keeper"
TABLES = ("analytics_auditentry", "analytics_auditcheckpoint")
#: Moved with each batch; what it says is signed.
HEAD = "analytics_audithead"
FUNCTION = "analytics_refuse_change()"


class CannotGuard(Exception):
    """Nothing was changed; the message says who must do what first."""


@dataclass(frozen=True, slots=True)
class Power:
    """Something a role can do to the audit's tables that it should not be able to."""

    what: str


@transaction.atomic
def guard(role: str) -> None:
    """Hand the tables to the keeper; `role` may read and add, and move the head.

    Raises:
        CannotGuard: the role does not exist, or no table can be kept from it; or this connection may not do it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found is None:
            raise CannotGuard(f"there is no role {role!r}: CREATE ROLE it, with LOGIN and a password, first")
        if found[0]:
            raise CannotGuard(
                f"{role!r} is a superuser, for whom PostgreSQL checks nothing: let the application use another role"
            )
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            raise CannotGuard("only a superuser can hand a table to another owner: set DATABASE_URL to one for this")
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [KEEPER])
        keeper, user = sql.Identifier(KEEPER), sql.Identifier(role)
        run = [] if cursor.fetchone() else [sql.SQL("CREATE ROLE {} NOLOGIN").format(keeper)]
        run.append(sql.SQL("ALTER FUNCTION {} OWNER TO {}").format(sql.SQL(FUNCTION), keeper))
        run.append(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(user))
        for table in (*TABLES, HEAD):
            name = sql.Identifier(table)
            may = sql.SQL("SELECT, INSERT, UPDATE" if table == HEAD else "SELECT, INSERT")
            run.append(sql.SQL("ALTER TABLE {} OWNER TO {}").format(name, keeper))
            run.append(sql.SQL("REVOKE ALL ON {} FROM PUBLIC, {}").format(name, user))
            run.append(sql.SQL("GRANT {} ON {} TO {}").format(may, name, user))
        for statement in run:
            cursor.execute(statement)


def powers(role: str | None = None) -> list[Power]:
    """What the role (default: this connection's) could do to entries; an empty list is a kept audit."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = coalesce(%s, current_user)", [role])
        name, superuser = cursor.fetchone()
        if superuser:
            return [Power(f"{name} is a superuser")]
        for table in TABLES:
            for privilege in ("UPDATE", "DELETE", "TRUNCATE"):
                cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [name, table, privilege])
                if cursor.fetchone()[0]:
                    found.append(Power(f"{name} has {privilege} on {table}"))
            cursor.execute(
                "SELECT pg_has_role(%s, c.relowner, 'MEMBER'), pg_has_role(%s, n.nspowner, 'MEMBER')"
                " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s::regclass",
                [name, name, table],
            )
            owns, owns_schema = cursor.fetchone()
            if owns:
                found.append(Power(f"{name} owns {table}, and so its triggers"))
            if owns_schema:
                found.append(Power(f"{name} owns the schema of {table}, and may drop it"))
    return found
