"""The poolers of `--pooler`: one pgbouncer a region, between the applications and its servers. An alias is called as its
environment, the database behind it has its own name. Roles log in with the verifiers that the servers have, so that
pgbouncer knows no password but that of its own administrator.
"""
import os
import secrets
import signal
import time

import psycopg2

from . import postgres, processes
from .errors import LabError

PROGRAM = "/usr/sbin/pgbouncer"
ADMINISTRATOR = "pooler_admin"
PASSWORD_FILE = ("secrets", "pooler.password")

CONFIGURATION = """; Written by scripts/lab.
%include {home}/databases.ini
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {home}/userlist.txt
admin_users = {administrator}
pool_mode = transaction
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
logfile = {home}/pgbouncer.log
pidfile = {home}/pgbouncer.pid
"""


def check_installed():
    if not os.access(PROGRAM, os.X_OK):
        raise LabError("pgbouncer is not installed", "scripts/setup")


def name_of(region):
    return f"{region}-pooler"


def describe(record, regions, ports):
    record.content["poolers"] = {name_of(region): {"region": region, "port": ports.take()} for region in regions}


def write_password(record):
    password = secrets.token_urlsafe(18)
    record.account.write_file(record.path(*PASSWORD_FILE), password + "\n", 0o600)


def read_password(record):
    with open(record.path(*PASSWORD_FILE), encoding="utf-8") as file:
        return file.read().strip()


def quoted(value):
    """A value of a connection string as pgbouncer reads it."""
    return "'" + value.replace("'", "''") + "'"


def user_line(user, secret):
    return '"{}" "{}"\n'.format(user.replace('"', '""'), secret.replace('"', '""'))


def configure(record, name, databases):
    """databases: those of the pooler's region. Their roles must be there: their verifiers are read."""
    account, home, pooler = record.account, record.path("poolers", name), record.poolers[name]
    account.make_directory(home)
    users = user_line(ADMINISTRATOR, read_password(record))
    for server in sorted({database.server for database in databases}):
        connection = postgres.connect(record, server)
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolcanlogin AND rolpassword IS NOT NULL AND NOT rolsuper ORDER BY 1")
            users += "".join(user_line(*row) for row in cursor.fetchall())
        connection.close()
    account.write_file(os.path.join(home, "userlist.txt"), users, 0o600)
    lines = [f"{database.environment} = host=127.0.0.1 port={record.server(database.server)['port']} dbname={quoted(database.name)} pool_size=10\n"
             for database in databases]
    account.write_file(os.path.join(home, "databases.ini"), "[databases]\n; pgconvoy leads these elsewhere\n" + "".join(lines), 0o640)
    account.write_file(os.path.join(home, "pgbouncer.ini"), CONFIGURATION.format(home=home, port=pooler["port"], administrator=ADMINISTRATOR))


def start(record, name, timeout=10.0):
    home = record.path("poolers", name)
    pid = processes.start(record.account, [PROGRAM, os.path.join(home, "pgbouncer.ini")], home, os.path.join(home, "output.log"))
    deadline = time.monotonic() + timeout
    while True:
        try:
            console(record, name).close()
            return pid
        except psycopg2.OperationalError as error:
            if not processes.running(pid) or time.monotonic() > deadline:
                raise LabError(f"pooler {name} did not start: {error}; see {home}/output.log") from error
            time.sleep(0.03)


def console(record, name):
    """The admin console, in autocommit: it knows no transactions."""
    connection = psycopg2.connect(host="127.0.0.1", port=record.poolers[name]["port"], user=ADMINISTRATOR, dbname="pgbouncer",
                                  password=read_password(record), connect_timeout=5)
    connection.autocommit = True
    return connection


def aliases(record, name):
    """[{name, host, port, database, paused, ...}] of the console's own."""
    connection = console(record, name)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES")
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall() if row[0] != "pgbouncer"]
    finally:
        connection.close()


def pid(record, name):
    try:
        with open(record.path("poolers", name, "pgbouncer.pid"), encoding="utf-8") as file:
            number = int(file.read())
    except (OSError, ValueError):
        return None
    return number if processes.belongs(processes.command_line(number), record.directory) else None


def stop(record, name, number=signal.SIGTERM):
    found = pid(record, name)
    if found:
        processes.stop([found], number)


def remove_leftovers(record, name):
    """What a crash leaves behind keeps the next one from starting."""
    path = record.path("poolers", name, "pgbouncer.pid")
    if os.path.exists(path) and pid(record, name) is None:
        os.unlink(path)
