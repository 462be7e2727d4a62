"""A laboratory in which one target is moved again and again: reset() makes everything as it was.

The servers don't wait for the disk: it is pgconvoy that is ended here, not they. Writers write all the time, one
through the application's page, one that forgot to stop and connects straight to the old database.
"""
import http.client
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from datetime import datetime, timezone
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import extensions

from tests.lab import applications, check_ledger, nginx, pgbouncer, postgres
from tests.lab.account import Account
from tests.lab.record import Record
from tests.scenarios import support

EXIT_OF_FAULT = 86
SECONDS_AT_MOST = 150


def program_with_faults():
    given = os.environ.get("PGCONVOY_WITH_FAULTS")
    return os.path.abspath(given or support.program() + "_with_faults")


class Writer(threading.Thread):
    """Writes until stopped; keeps what was acknowledged, as "id entry" lines, and when the last one was."""

    def __init__(self, name, path, pause=0.04):
        super().__init__(daemon=True)
        self.prefix, self.path, self.pause = name, path, pause
        self.sent = self.acknowledged = 0
        self.last_acknowledged, self.last_error = None, ""
        self.stopping = threading.Event()
        self.active = threading.Event()
        self.active.set()

    def run(self):
        with open(self.path, "a", buffering=1, encoding="utf-8") as kept:
            while not self.stopping.is_set():
                if self.active.is_set():
                    self.sent += 1
                    entry = f"{self.prefix}-{self.sent}"
                    number = self.write(entry)
                    if number is not None:
                        kept.write(f"{number} {entry}\n")
                        self.acknowledged += 1
                        self.last_acknowledged = time.time()
                self.stopping.wait(self.pause)
        self.close()

    def write(self, entry):
        raise NotImplementedError

    def close(self):
        pass

    def stop(self):
        self.stopping.set()
        self.join(20)


class PageWriter(Writer):
    """A user of the application."""

    def __init__(self, url, path):
        super().__init__("page", path)
        self.address = urlsplit(url)

    def write(self, entry):
        try:
            connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=10)
            connection.request("POST", "/entries", json.dumps({"entry": entry}), {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read()
            connection.close()
            return json.loads(body)["id"] if response.status == 201 else None
        except (OSError, http.client.HTTPException):
            return None


class ForgottenWorker(Writer):
    """A process that still has the old URL: it connects to the old database, page or not."""

    def __init__(self, login, path):
        """`login` holds arguments of psycopg2.connect."""
        super().__init__("forgotten", path)
        self.login, self.connection = login, None

    def write(self, entry):
        try:
            if self.connection is None:
                self.connection = psycopg2.connect(**self.login, connect_timeout=5, application_name="forgotten")
            with self.connection, self.connection.cursor() as cursor:
                cursor.execute("INSERT INTO ledger (entry) VALUES (%s) RETURNING id", (entry,))
                number = cursor.fetchone()[0]
            return number
        except psycopg2.Error as error:
            self.last_error = str(error).strip()
            self.close()
            return None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Place:
    def __init__(self, laboratory, target):
        self.lab, self.target = laboratory, target
        self.record = Record.load(laboratory.directory, Account())
        self.environments = [target]
        self.old, self.new = laboratory.server("eu-west", 13), laboratory.server("eu-west", 15)
        self.databases = [each for each in self.record.databases if each["environment"] == target]
        self.temporary = os.path.join(laboratory.base, "tmp")
        self.number = 0
        self.writers = []
        self.failing_health = False
        self.prepare()

    # the servers

    def connect(self, server, database="postgres"):
        return postgres.connect(self.record, server, database)

    def do(self, server, *statements, database="postgres"):
        connection = self.connect(server, database)
        try:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def quoted(self, name):
        connection = self.connect(self.old)
        try:
            return extensions.quote_ident(name, connection)
        finally:
            connection.close()

    def prepare(self):
        """Remembers how everything was."""
        for server in (self.old, self.new):
            self.do(server, "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")
        self.env = {}
        for name in self.environments:
            applications.stop(self.record, name)
            with open(self.path_of(name, "env"), encoding="utf-8") as file:
                self.env[name] = file.read()
        for name in self.record.poolers:  # they keep sessions
            pgbouncer.stop(self.record, name)
        # The applications made their ledgers at their first health check.
        self.names = {each["database"]: (self.quoted(each["database"]), self.quoted(each["role"])) for each in self.databases}
        for index, (name, _) in enumerate(self.names.values()):
            self.do(self.old, f"CREATE DATABASE kept_{index} TEMPLATE {name}", f"UPDATE pg_database SET datallowconn = false WHERE datname = 'kept_{index}'")
        self.databases_before = {server: {row[0] for row in self.do(server, "SELECT datname FROM pg_database")} for server in (self.old, self.new)}
        self.roles_before = {server: {row[0] for row in self.do(server, "SELECT rolname FROM pg_roles")} for server in (self.old, self.new)}
        self.pooler_files = {}
        for name in self.record.poolers:
            with open(self.record.path("poolers", name, "databases.ini"), encoding="utf-8") as file:
                self.pooler_files[name] = file.read()

    def path_of(self, environment, file):
        return self.record.path("apps", environment, file)

    def reset(self, fail_health=False, breaking=None):
        """As on the first day, under a new journal. `breaking` is SQL for the first database."""
        self.stop_writers()
        for environment in self.environments:
            applications.stop(self.record, environment)
            flag = nginx.flag(self.record, environment)
            if os.path.exists(flag):
                os.unlink(flag)
        for name, text in self.pooler_files.items():
            self.record.account.write_file(self.record.path("poolers", name, "databases.ini"), text)
            pgbouncer.stop(self.record, name)
            pgbouncer.remove_leftovers(self.record, name)
            pgbouncer.start(self.record, name)
        for server in (self.old, self.new):
            self.clear(server)
        for index, (name, owner) in enumerate(self.names.values()):
            self.do(self.old, f"CREATE DATABASE {name} TEMPLATE kept_{index} OWNER {owner}", f"COMMENT ON DATABASE {name} IS 'the app''s own'",
                    f"ALTER DATABASE {name} SET work_mem = '6MB'", f"ALTER ROLE {owner} IN DATABASE {name} SET statement_timeout = '50s'",
                    f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO reporting")
        if breaking:
            self.do(self.old, *breaking, database=self.databases[0]["database"])
        self.number += 1
        self.lab.use_journal(f"point-{self.number}")
        for folder in (self.temporary, self.lab.backups):
            shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(self.temporary)
        for environment in self.environments:
            ledger = self.path_of(environment, "ledger.txt")
            if os.path.exists(ledger):
                os.unlink(ledger)
            text = self.env[environment] + ("FAIL_HEALTH_ON_VERSION=15\n" if fail_health else "")
            self.record.account.write_file(self.path_of(environment, "env"), text, 0o600)
            applications.start(self.record, environment)
        for environment in self.environments:
            applications.wait_until_healthy(self.record, environment)
        self.files_before = self.files()
        self.catalogs_before = self.lab.catalogs()

    def clear(self, server):
        rows = self.do(server, "SELECT datname, quote_ident(datname) FROM pg_database WHERE NOT datistemplate")
        names = {name for name in self.names}
        for name, quoted in rows:
            if name in names or name not in self.databases_before[server]:
                self.do(server, f"ALTER DATABASE {quoted} ALLOW_CONNECTIONS true")
                self.drop_subscriptions(server, name)
                self.do(server, f"DROP DATABASE {quoted} WITH (FORCE)")
        for name, quoted in self.do(server, "SELECT rolname, quote_ident(rolname) FROM pg_roles"):
            if name not in self.roles_before[server]:
                self.do(server, f"DROP ROLE {quoted}")

    def drop_subscriptions(self, server, database):
        for (name,) in self.do(server, "SELECT quote_ident(subname) FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())", database=database):
            self.do(server, f"ALTER SUBSCRIPTION {name} DISABLE", f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)", f"DROP SUBSCRIPTION {name}", database=database)

    # what is compared

    def files(self):
        found = {}
        for environment in self.environments:
            with open(self.path_of(environment, "env"), encoding="utf-8") as file:
                found[environment] = file.read()
        for name in self.record.poolers:
            with open(self.record.path("poolers", name, "databases.ini"), encoding="utf-8") as file:
                found[name] = file.read()
        return found

    # writers

    def start_writers(self):
        page = PageWriter(self.record.applications[self.environments[0]]["public_url"], self.kept("page"))
        # Straight to the server, also where the application goes through a pooler.
        forgotten = ForgottenWorker({"host": "127.0.0.1", "port": self.record.server(self.old)["port"], "dbname": self.databases[0]["database"],
                                     "user": self.databases[0]["role"], "passfile": self.record.path("secrets", "roles.passfile")}, self.kept("forgotten"))
        self.writers = [page, forgotten]
        for writer in self.writers:
            writer.start()
        support.wait_for("acknowledged entries", lambda: all(writer.acknowledged for writer in self.writers), 15)

    def kept(self, writer):
        return os.path.join(self.lab.base, f"point-{self.number}.{writer}")

    def stop_writers(self):
        for writer in self.writers:
            writer.stop()
        self.writers = []

    def rest_writers(self):
        """No more writes, but their ledgers stay."""
        for writer in self.writers:
            writer.active.clear()
        time.sleep(0.3)

    # pgconvoy

    def run(self, *arguments, faults="", log=""):
        environment = self.lab.environment(TMPDIR=self.temporary, ASAN_OPTIONS="exitcode=99", UBSAN_OPTIONS="exitcode=99")
        program = support.program()
        if faults or log:
            program = program_with_faults()
            environment.update(PGCONVOY_FAULTS=faults, PGCONVOY_FAULTS_LOG=log)
        return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              cwd=self.lab.base, env=environment, timeout=SECONDS_AT_MOST)

    def state(self):
        return self.lab.journal.target_states().get(self.target)

    def reason(self):
        rows = self.lab.journal.rows("SELECT data FROM events WHERE kind IN ('target_stuck', 'target_skipped', 'target_rolling_back') ORDER BY sequence DESC LIMIT 1")
        try:
            return json.loads(rows[0][0])["reason"].splitlines()[0]
        except (IndexError, KeyError, ValueError):
            return "not known"

    def pivoted_at(self):
        """Seconds since the epoch; None when the application never started on the new database."""
        try:
            rows = self.lab.journal.rows("SELECT min(at) FROM events WHERE kind = 'pivot'")
        except sqlite3.Error:
            return None
        if not rows or rows[0][0] is None:
            return None
        value = rows[0][0]
        if isinstance(value, (int, float)):
            return value / 1e6 if value > 1e14 else value / 1e3 if value > 1e11 else float(value)
        return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp()

    # verdicts

    def ledger(self):
        """check_ledger's dictionary for the first environment, with every writer's file."""
        home = self.record.path("apps", self.environments[0])
        return check_ledger.check(home, [self.kept("page"), self.kept("forgotten")])

    def problems(self, state, old_is_dropped=False):
        """What is not as it must be, now that the target is in `state` and nothing runs: a list of texts."""
        found = []
        applied = state == "succeeded"
        verify = self.run("journal", "verify")
        if verify.returncode != 0 and os.path.exists(self.lab.journal.path):
            found.append(f"journal verify: {verify.stdout}{verify.stderr}")
        for environment in self.environments:
            if self.lab.page_is_on(environment):
                found.append(f"{environment}: the page is still on")
            healthy, major = self.lab.health(environment)
            if not healthy and not (applied and self.failing_health):
                found.append(f"{environment} is not healthy")
            elif healthy and major != (15 if applied else 13):
                found.append(f"{environment} runs on {major}")
        if applied:
            fenced = [row for row in self.do(self.old, "SELECT datname, datallowconn FROM pg_database") if row[0].startswith("pgconvoy")]
            if bool(fenced) == old_is_dropped:
                found.append(f"old databases: {fenced}, and they should be {'dropped' if old_is_dropped else 'kept'}")
            if [row for row in fenced if row[1]]:
                found.append(f"an old database lets in: {fenced}")
            if set(self.names) & set(self.lab.user_databases(self.old)):
                found.append("the old database has its old name")
            if self.lab.leftovers(self.new):
                found.append(f"left on the new server: {self.lab.leftovers(self.new)}")
        else:
            now = self.lab.catalogs()
            for server, catalog in now.items():
                for kind, rows in catalog.items():
                    before = self.catalogs_before[server][kind]
                    gone, come = [row for row in before if row not in rows], [row for row in rows if row not in before]
                    if gone or come:
                        found.append(f"{server} {kind}: gone {gone}, new {come}")
            files = self.files()
            found += [f"{name}: its file changed" for name, text in files.items() if text != self.files_before[name]]
        return found + self.leftovers()

    def leftovers(self):
        found = []
        for server in (self.old, self.new):
            sessions = self.do(server, "SELECT pid, application_name, state, query FROM pg_stat_activity WHERE application_name LIKE 'pgconvoy%'")
            if sessions:
                found.append(f"sessions on {server}: {sessions}")
        if os.listdir(self.temporary):
            found.append(f"left in the temporary directory: {os.listdir(self.temporary)}")
        found += [f"process {pid} {name} still runs" for pid, name in self.lab.processes("pg_dump", "pg_restore", "pgconvoy", "pgconvoy_with_f")]
        return found
