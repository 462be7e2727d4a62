"""Proves that no acknowledged entry was lost: each is in the database exactly once, under its own id.

Reads the application's env file, hence looks at the database that the application is bound to now.
"""
import os
from collections import Counter

import psycopg2

SHOWN = 5


def read_environment(path):
    """KEY=VALUE lines; a value goes raw to the end of its line."""
    with open(path, encoding="utf-8") as file:
        lines = (line.rstrip("\n") for line in file)
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def read_acknowledged(path):
    """(id, entry) of every line. The last line may be cut short when its writer was killed; it was then not answered."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")[:-1]
    return [(int(number), entry) for number, entry in (line.split(" ", 1) for line in lines)]


def check(application_directory, more_files=()):
    """Returns a dictionary: database, server_version, acknowledged, rows, and lists lost, twice, renumbered."""
    environment = read_environment(os.path.join(application_directory, "env"))
    acknowledged = []
    for path in [environment["LEDGER_FILE"], *more_files]:
        acknowledged += read_acknowledged(path)
    connection = psycopg2.connect(environment["DATABASE_URL"], connect_timeout=5, application_name="check_ledger")
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_setting('server_version_num')::integer")
        database, version = cursor.fetchone()
        cursor.execute("SELECT id, entry FROM ledger")
        rows = cursor.fetchall()
    connection.close()
    times, numbers = Counter(entry for _, entry in rows), {entry: number for number, entry in rows}
    promised = sorted(set(acknowledged))
    return {
        "database": database, "server_version": version, "acknowledged": len(promised), "rows": len(rows),
        "lost": [pair for pair in promised if times[pair[1]] == 0],
        "twice": [pair for pair in promised if times[pair[1]] > 1],
        "renumbered": [pair for pair in promised if times[pair[1]] == 1 and numbers[pair[1]] != pair[0]],
    }


def describe(name, result):
    """One line for a person; more when something is wrong."""
    wrong = {kind: result[kind] for kind in ("lost", "twice", "renumbered") if result[kind]}
    text = (f"{name}: {result['acknowledged']} acknowledged, {result['rows']} in {result['database']!r} "
            f"(PostgreSQL {result['server_version'] // 10000}): {'WRONG' if wrong else 'none lost'}")
    for kind, pairs in wrong.items():
        text += f"\n  {kind}: {len(pairs)}, e.g. {pairs[:SHOWN]}"
    return text, not wrong
