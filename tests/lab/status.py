"""`scripts/lab status`: what runs, where the databases are, what the applications and their pages answer."""
import os
from concurrent.futures import ThreadPoolExecutor

import psycopg2

from . import applications, nginx, pgbouncer, postgres
from .nginx import flag

SIZES = """SELECT datname, CASE WHEN datallowconn THEN pg_database_size(oid) END, datallowconn FROM pg_database
            WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY datname"""


def table(title, header, rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [header, *rows]]
    return f"{title}\n" + "\n".join("  " + line for line in lines) + "\n"


def megabytes(size):
    return "-" if size is None else f"{size / 1e6:.1f} MB"


def ask_server(record, name):
    """(version, [(database, size in bytes, whether it allows connections)]); None when it does not answer."""
    try:
        connection = postgres.connect(record, name)
    except psycopg2.OperationalError:
        return None
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0].split()[0]
            cursor.execute(SIZES)
            return version, cursor.fetchall()
    finally:
        connection.close()


def servers(record):
    """(rows of servers, rows of databases, whether all servers are up)."""
    known = {(entry["server"], entry["database"]): entry for entry in record.databases}
    rows, databases, good = [], [], True
    for (name, server), answer in zip(record.servers.items(), in_parallel(lambda name: ask_server(record, name), record.servers)):
        pid = postgres.pid(record, name) or "-"
        if answer is None:
            rows.append([name, server["major"], server["port"], pid, "down" if pid == "-" else "does not answer", "-", "-"])
            good = False
            continue
        version, found = answer
        rows.append([name, version, server["port"], pid, "up", len(found), megabytes(sum(size or 0 for _, size, _ in found))])
        for database, size, open_to_all in found:
            entry = known.get((name, database), {})
            databases.append([name, repr(database), megabytes(size), entry.get("shape", "-"), entry.get("environment", "-"),
                              "" if open_to_all else "closed"])
    return rows, databases, good


def in_parallel(work, items):
    """One that is frozen takes five seconds to give up on: all together, not one after the other."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(work, items))


def pooler_rows(record):
    rows, good = [], True
    for name, pooler in record.poolers.items():
        try:
            aliases = pgbouncer.aliases(record, name)
        except psycopg2.OperationalError:
            aliases, good = None, False
        rows.append([name, pooler["port"], pgbouncer.pid(record, name) or "-", "down" if aliases is None else "up",
                     "-" if aliases is None else len(aliases), "-" if aliases is None else sum(int(each["paused"]) for each in aliases)])
    return rows, good


def application_rows(record):
    rows, good = [], True
    answers = in_parallel(lambda app: nginx.fetch(app["health_url"]), record.applications.values())
    for (environment, app), (status, body) in zip(record.applications.items(), answers):
        pid = applications.pid(record, environment)
        healthy = status == 200 and isinstance(body, dict)
        good = good and healthy
        where = f"{body['database']!r} on {body['server_version'] // 10000}" if healthy else "-"
        rows.append([environment, pid or "-", "healthy" if healthy else f"answers {status}" if status else "does not answer", where,
                     body["entries"] if healthy else "-", "on" if os.path.exists(flag(record, environment)) else "off", app["public_url"]])
    return rows, good


def status(record, say):
    """Returns whether all is well."""
    if not record.complete:
        say(f"this laboratory is not complete; scripts/lab down --dir {record.directory} removes it")
    server_rows, database_rows, servers_good = servers(record)
    say(table("Servers", ["server", "version", "port", "pid", "state", "databases", "size"], server_rows))
    say(table("Databases", ["server", "database", "size", "shape", "environment", ""], database_rows))
    pooler_list, poolers_good = pooler_rows(record)
    if pooler_list:
        say(table("Poolers", ["pooler", "port", "pid", "state", "aliases", "paused"], pooler_list))
    application_list, applications_good = application_rows(record)
    if application_list:
        say(table("Applications", ["environment", "pid", "health", "database", "entries", "page", "url"], application_list))
        say(f"nginx: {'up, pid ' + str(nginx.pid(record)) if nginx.pid(record) else 'down'}")
    return record.complete and servers_good and poolers_good and applications_good
