"""One PostgreSQL server of the laboratory: made, started, stopped."""
import os
import signal
import subprocess
import time

import psycopg2

from . import processes, templates
from .errors import LabError

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

SETTINGS = """
# the laboratory's
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket_directory}'
cluster_name = '{name}'
max_connections = 200
shared_buffers = 128MB
max_wal_size = 1GB
wal_level = logical
max_prepared_transactions = 10
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d %a '
log_checkpoints = off
include_if_exists = 'while_filling.conf'
"""
# Over TCP nobody gets in without TLS.
TLS_SETTINGS = """ssl = on
ssl_cert_file = '{tls}/server.crt'
ssl_key_file = '{tls}/server.key'
"""
TLS_ACCESS = """local   all         all               scram-sha-256
local   replication all               scram-sha-256
hostssl all         all 127.0.0.1/32  scram-sha-256
"""
# glibc's own lists the system's locales, whatever LOCPATH says; initdb and pg_import_system_collations() ask it.
LOCALE_PROGRAM = """#!/bin/sh
ls "$LOCPATH"
echo C.utf8
"""
# Databases are made several times faster without waiting for the disk; undone (and synced) before anybody relies on it.
WHILE_FILLING = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nautovacuum = off\n"


def bin_directory(major):
    """Debian's server when installed, otherwise the one that scripts/setup fetched."""
    candidates = [f"/usr/lib/postgresql/{major}/bin"]
    embedded = subprocess.run([os.path.join(CHECKOUT, "tests/lab/install-postgres"), "--print", str(major)],
                              capture_output=True, text=True, check=False)
    if embedded.returncode == 0:
        candidates.append(os.path.join(embedded.stdout.strip(), "bin"))
    for candidate in candidates:
        if os.access(os.path.join(candidate, "postgres"), os.X_OK):
            return candidate
    raise LabError(f"PostgreSQL {major} is not installed", f"scripts/setup --with-version {major}")


def environment(record, name):
    """Variables of the server and its initdb: where its libc finds locales, when it has a directory of its own for them."""
    directory = record.server(name).get("locales")
    if directory is None:
        return {}
    path = record.account.popen_arguments()["env"]["PATH"]
    return {"LOCPATH": directory, "PATH": f"{record.path('servers', name, 'bin')}:{path}"}


def make(record, name):
    """initdb and configuration; the password comes from DIR/secrets/admin.password."""
    server, account = record.server(name), record.account
    home, data = record.path("servers", name), record.path("servers", name, "data")
    account.make_directory(home)
    arguments = account.popen_arguments()
    if "locales" in server:
        account.make_directory(os.path.join(home, "bin"))
        account.write_file(os.path.join(home, "bin", "locale"), LOCALE_PROGRAM, 0o755)
        arguments["env"].update(environment(record, name))

    def initdb(directory):
        made = subprocess.run(
            [os.path.join(server["bin"], "initdb"), "-D", directory, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
             "--auth=scram-sha-256", "--pwfile=" + record.path("secrets", "admin.password"), "--no-sync"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd=home, **arguments)
        if made.returncode != 0:
            raise LabError(f"initdb of {name} failed:\n{made.stdout}")
    # A template has the locales of the system.
    if templates.directory() is None or "locales" in server:
        initdb(data)
    else:
        templates.copy(account, server["bin"], list(record.servers).index(name), data, initdb)
    account.write_file(os.path.join(data, "while_filling.conf"), WHILE_FILLING, 0o600)
    with open(os.path.join(data, "postgresql.conf"), "a", encoding="utf-8") as file:
        file.write(SETTINGS.format(port=server["port"], name=name, socket_directory=record.content["socket_directory"]))
        if record.tls:
            file.write(TLS_SETTINGS.format(tls=record.path("tls")))
    if record.tls:
        account.write_file(os.path.join(data, "pg_hba.conf"), TLS_ACCESS, 0o600)


def start(record, name, timeout=30.0):
    """Starts the server and waits until it lets its administrator in."""
    server, home = record.server(name), record.path("servers", name)
    log = os.path.join(home, "server.log")
    pid = processes.start(record.account, [os.path.join(server["bin"], "postgres"), "-D", os.path.join(home, "data")], home, log,
                          environment(record, name))
    deadline = time.monotonic() + timeout
    while True:
        try:
            connect(record, name).close()
            return pid
        except psycopg2.OperationalError as error:
            if not processes.running(pid):
                raise LabError(f"server {name} did not start; the end of {log}:\n{tail(log)}") from error
            if time.monotonic() > deadline:
                raise LabError(f"server {name} did not become ready in {timeout:.0f} s: {error}; see {log}") from error
            time.sleep(0.03)


def finish_filling(record, name):
    """From here on the server keeps what it commits."""
    os.unlink(record.path("servers", name, "data", "while_filling.conf"))
    with connect(record, name) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT pg_reload_conf()")
        cursor.execute("CHECKPOINT")
    connection.close()


def pid(record, name):
    """The server's process, or None; from its own pid file, since a test may have restarted it."""
    try:
        with open(record.path("servers", name, "data", "postmaster.pid"), encoding="utf-8") as file:
            number = int(file.readline())
    except (OSError, ValueError):
        return None
    return number if processes.belongs(processes.command_line(number), record.directory) else None


def stop(record, name, number=signal.SIGINT):
    """SIGINT ends sessions and shuts down cleanly; SIGQUIT is a crash."""
    found = pid(record, name)
    if found:
        processes.stop([found], number)


def connect(record, name, database="postgres", through="socket"):
    """As the administrator, in autocommit as everything here is one statement or one implicit transaction."""
    server = record.server(name)
    host = record.content["socket_directory"] if through == "socket" else "127.0.0.1"
    connection = psycopg2.connect(host=host, port=server["port"], user="postgres", dbname=database, connect_timeout=5,
                                  passfile=record.path("secrets", "admin.passfile"), application_name="lab",
                                  options="-c client_min_messages=warning")
    connection.autocommit = True
    return connection


def tail(path, lines=15):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError:
        return "(no log)"


def freeze(record, name, number):
    """Stops (SIGSTOP) or continues (SIGCONT) the server and all its backends: it accepts connections and never answers."""
    found = pid(record, name)
    if not found:
        raise LabError(f"server {name} is not running", f"scripts/lab server --dir {record.directory} start {name}")
    for member in [found, *processes.children(found)]:
        processes.send(member, number)
