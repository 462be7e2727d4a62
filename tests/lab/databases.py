"""Makes the databases: roles, the database, its shape's SQL, its filling."""
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2
from psycopg2 import extensions

from . import postgres, secrets_store
from .errors import LabError
from .population import SIZES

SHAPES_DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shapes")
# One group for all databases of a server: a role that a fence or an undo must not touch.
GROUP = "reporting"


def quote_name(name, connection):
    return extensions.quote_ident(name, connection)


def quote_text(value, connection):
    adapted = extensions.adapt(value)
    adapted.prepare(connection)
    return adapted.getquoted().decode("utf-8")


def read_sql(name, values):
    """The parts of a file of shapes/, its @words@ replaced. A part is one implicit transaction; a line `-- commit` ends it."""
    with open(os.path.join(SHAPES_DIRECTORY, f"{name}.sql"), encoding="utf-8") as file:
        text = file.read()
    for word, value in values.items():
        text = text.replace(f"@{word}@", str(value))
    return text.split("\n-- commit\n")


class Builder:
    def __init__(self, record, size, passwords, progress):
        self.record, self.size, self.passwords, self.progress = record, size, passwords, progress
        # Concurrent GRANT and CREATE ROLE on one server fail with "tuple concurrently updated".
        self.role_locks = {name: threading.Lock() for name in record.servers}

    def build(self, databases):
        """Two at a time, which is what two cores take. The first failure ends it."""
        for server in {database.server for database in databases}:
            with postgres.connect(self.record, server) as connection:
                connection.cursor().execute(f"CREATE ROLE {GROUP} NOLOGIN; COMMENT ON ROLE {GROUP} IS 'May read reports'")
            connection.close()
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(self.build_one, database) for database in databases]
            try:
                for done, future in enumerate(futures, 1):
                    future.result()
                    self.progress(done, len(futures))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def build_one(self, database):
        try:
            self.make_database(database)
            connection = postgres.connect(self.record, database.server, database.name)
            try:
                values = self.values(database, connection)
                cursor = connection.cursor()
                parts = read_sql(database.shape, values)
                if SIZES[self.size]:
                    # Settings that the shape gave its database hold for new sessions only, not for this one.
                    parts += read_sql("fill", {**values, **SIZES[self.size]})
                for part in [*parts, "ANALYZE"]:
                    cursor.execute(part)
            finally:
                connection.close()
        except psycopg2.Error as error:
            raise LabError(f"database {database.name!r} ({database.shape}) on {database.server}: {error}") from error

    def make_database(self, database):
        connection = postgres.connect(self.record, database.server)
        try:
            values, cursor = self.values(database, connection), connection.cursor()
            with self.role_locks[database.server]:
                for word, login in (("owner", database.role), ("reader", database.reader)):
                    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (login,))
                    if cursor.rowcount:  # another database's as well
                        continue
                    verifier = secrets_store.scram_verifier(self.passwords[login])
                    cursor.execute(f"CREATE ROLE {values[word]} LOGIN PASSWORD {quote_text(verifier, connection)}")
            cursor.execute(f"CREATE DATABASE {values['database']} OWNER {values['owner']}")
        finally:
            connection.close()

    def values(self, database, connection):
        names = {"owner": database.role, "reader": database.reader, "database": database.name, "group": GROUP}
        values = {word: quote_name(name, connection) for word, name in names.items()}
        values["reader_literal"] = quote_text(database.reader, connection)
        values["seed"] = database.seed
        return values
