"""`--shared`: what databases and environments of a real server share. All of it lies in the first region.

  twin-a-live, twin-b-live            two databases of one role, which has a setting, a limit, a group and a member; also the
                                      owner of `neighbour`, a database of which the fleet knows nothing
  pair-web-live, pair-worker-live     two environments on one database
  trio-live                           one environment with three bindings of several variables each: URLs, parts, a replica
"""
from . import postgres, secrets_store
from .databases import GROUP, quote_name, quote_text
from .population import Database, Environment

FAMILY, MEMBER, NEIGHBOUR = "family", "family_reporter", "neighbour"
LIMIT = 90


def longest_name():
    """Exactly the 63 bytes that PostgreSQL keeps, with capitals, quotes, a space and letters of several bytes."""
    name = 'Archive of "Größe", it\'s 63 bytes 🐘 '
    return name + "x" * (63 - len(name.encode()))


class Shared(Database):
    """A database that is named by its instance, since its environments are several or have several."""
    @property
    def instance(self):
        return f"{self.short}-db"

    @property
    def reader(self):
        return f"{self.short.replace('-', '_')}_reader"


def add(region, from_major, first_index):
    """(databases, environments)."""
    def database(short, environment, name, role):
        application, stage = environment.rsplit("-", 1)
        made = Shared(first_index + len(databases), application, stage, region, f"{region}-pg{from_major}", name, role, "0-plain", 7, False)
        made.short = short
        databases.append(made)
        return made

    def environment(name, application, *bindings):
        environments.append(Environment(name, application, "live", region, True, list(bindings)))

    databases, environments = [], []
    for twin in ("twin-a", "twin-b"):
        environment(f"{twin}-live", twin, (database(twin, f"{twin}-live", twin.replace("-", "_"), FAMILY), {"DATABASE_URL": "url"}))
    pair = database("pair", "pair-web-live", "pair", "pair")
    environment("pair-web-live", "pair", (pair, {"DATABASE_URL": "url"}))
    environment("pair-worker-live", "pair", (pair, {"DATABASE_URL": "url", "WORKER_PGHOST": "host", "WORKER_PGPORT": "port"}))
    environment("trio-live", "trio",
                (database("trio-main", "trio-live", "trio", "trio"), {"DATABASE_URL": "url", "DATABASE_REPLICA_URL": "url"}),
                (database("trio-queue", "trio-live", "trio_queue", "trio"),
                 {"QUEUE_HOST": "host", "QUEUE_PORT": "port", "QUEUE_NAME": "database", "QUEUE_USER": "user", "QUEUE_PASSWORD": "password"}),
                (database("trio-archive", "trio-live", longest_name(), "trio_archive"),
                 {"ARCHIVE_URL": "url", "ARCHIVE_WORKER_URL": "url", "ARCHIVE_NAME": "database"}))
    return databases, environments


def finish(record, server, passwords):
    """The shared role's ties to others, and the neighbour. After the databases, whose making has made the role."""
    connection = postgres.connect(record, server)
    cursor = connection.cursor()
    family, member = (quote_name(name, connection) for name in (FAMILY, MEMBER))
    verifier = quote_text(secrets_store.scram_verifier(passwords[MEMBER]), connection)
    cursor.execute(f"CREATE ROLE {member} LOGIN PASSWORD {verifier} IN ROLE {family}; GRANT {GROUP} TO {family}")
    cursor.execute(f"ALTER ROLE {family} CONNECTION LIMIT {LIMIT}; ALTER ROLE {family} SET work_mem = '5MB'; "
                   f"COMMENT ON ROLE {family} IS 'Owns three databases'")
    # A setting that the neighbour would notice at its next login, was it ever changed for the role's sake.
    cursor.execute(f"CREATE DATABASE {NEIGHBOUR} OWNER {family}")
    cursor.execute(f"ALTER ROLE {family} IN DATABASE {NEIGHBOUR} SET statement_timeout = '20s'")
    connection.close()
