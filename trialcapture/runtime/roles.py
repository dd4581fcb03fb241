"""The database's two roles: the owner makes and changes tables, the web role reads and writes rows and owns nothing.

Any PostgreSQL from 15 on. `python -m trialcapture.runtime.roles` does it in production, from ADMIN_DATABASE_URL,
OWNER_DATABASE_URL and DATABASE_URL (each also as `…_FILE`), as often as one likes.
"""

import os
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from trialcapture.runtime.errors import CannotRun


def ensure_roles(admin: str, owner: str, web: str) -> None:
    """Roles with these passwords, the database, and what the web role may do in it; each made if it is missing."""
    owns, uses = conninfo_to_dict(owner), conninfo_to_dict(web)
    database = str(owns["dbname"])
    with psycopg.connect(admin, autocommit=True) as connection:
        ensure_role(connection, str(owns["user"]), str(owns["password"]), "CREATEDB")
        ensure_role(connection, str(uses["user"]), str(uses["password"]), "NOCREATEDB")
        ensure_database(connection, database, str(owns["user"]))
    with psycopg.connect(make_conninfo(admin, dbname=database), autocommit=True) as connection:
        for statement in GRANTS:
            connection.execute(named(statement, owner=owns["user"], web=uses["user"], database=database))


GRANTS = (
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
    "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {web}",
    "ALTER SCHEMA public OWNER TO {owner}",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO {web}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {web}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {web}",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {web}",
)


def ensure_role(connection: psycopg.Connection, name: str, password: str, right: str) -> None:
    there = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    verb = "ALTER" if there else "CREATE"
    text = f"{verb} ROLE {{name}} LOGIN NOSUPERUSER NOCREATEROLE {right} PASSWORD {{password}}"
    connection.execute(sql.SQL(text).format(name=sql.Identifier(name), password=sql.Literal(password)))


def ensure_database(connection: psycopg.Connection, name: str, owner: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        connection.execute(named("CREATE DATABASE {name} OWNER {owner}", name=name, owner=owner))


def named(text: str, **names) -> sql.Composed:
    return sql.SQL(text).format(**{key: sql.Identifier(str(value)) for key, value in names.items()})


def variable(name: str) -> str:
    path = os.environ.get(name + "_FILE")
    value = os.environ.get(name) or (Path(path).read_text(encoding="utf-8").strip() if path else "")
    if not value:
        raise CannotRun(f"{name} is not set (nor {name}_FILE).")
    return value


if __name__ == "__main__":
    ensure_roles(variable("ADMIN_DATABASE_URL"), variable("OWNER_DATABASE_URL"), variable("DATABASE_URL"))
