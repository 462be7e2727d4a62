"""The administrator that a managed service gives its customers: no superuser."""
from . import postgres, secrets_store
from .databases import quote_name, quote_text

ADMINISTRATOR = "fleet_admin"


def make_administrator(record, name, password):
    """On one server. It logs in, makes databases and roles, sees and ends sessions; no more than that."""
    with postgres.connect(record, name) as connection:
        cursor = connection.cursor()
        verifier = quote_text(secrets_store.scram_verifier(password), connection)
        cursor.execute(f"CREATE ROLE {ADMINISTRATOR} LOGIN CREATEDB CREATEROLE PASSWORD {verifier}")
        cursor.execute(f"GRANT pg_monitor, pg_signal_backend TO {ADMINISTRATOR}")
    connection.close()


def join_owners(record, name):
    """Member of whoever owns a database of the server or something in one; it never becomes a superuser by that."""
    with postgres.connect(record, name) as connection:
        cursor = connection.cursor()
        cursor.execute("""SELECT rolname FROM pg_roles r WHERE NOT rolsuper AND rolname <> %s AND
                            (oid IN (SELECT datdba FROM pg_database)
                             OR oid IN (SELECT refobjid FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o'))""",
                       (ADMINISTRATOR,))
        for (owner,) in cursor.fetchall():
            cursor.execute(f"GRANT {quote_name(owner, connection)} TO {ADMINISTRATOR}")
    connection.close()
