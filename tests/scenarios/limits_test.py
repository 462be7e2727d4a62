"""Limits of time: transactions get theirs to end, a pause ends by itself before the pivot, and nothing that hangs holds a run up."""
import contextlib
import os
import signal
import socket
import threading
import time
import unittest

import psycopg2
import yaml

from .support import ScenarioTest, wait_for

# For what isn't waiting but work, on a busy machine that checks every access to memory.
MARGIN = 35


class LimitsTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 4, "apps": 4, "seed": 151}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])
        self.before, self.fenced_before = self.lab.catalogs(), self.lab.leftovers(self.old)

    def connect(self, server, database, user=None):
        """As the administrator, or as a role of the laboratory."""
        passfile = "roles.passfile" if user else "admin.passfile"
        connection = psycopg2.connect(host="127.0.0.1", port=self.lab.record["servers"][server]["port"], user=user or "postgres", dbname=database,
                                      passfile=self.lab.path("secrets", passfile), connect_timeout=5)
        self.addCleanup(connection.close)
        return connection

    def start(self, application, *more):
        return self.lab.start("run", *self.lab.fleet_arguments("--limit", application, *more), "--yes")

    def wait_for_step(self, operation):
        wait_for(f"{operation} to be started", lambda: self.lab.journal.is_started(operation), every=0.001)

    def wait_for_fenced_name(self):
        """The source's name behind the fence."""
        return wait_for("the fence", lambda: [name for name in self.lab.leftovers(self.old) if name not in self.fenced_before], every=0)[0]

    def assert_undone(self, application, code, output, took, limit, *patterns):
        self.assertEqual(code, 1, output)
        self.assertLess(took, limit + MARGIN, output)
        for pattern in patterns:
            self.assertRegex(output, pattern)
        self.assertRegex(output, "state now +undone: the application is back on the old database")
        self.assertEqual(self.lab.journal.target_states(), {application: "rolled_back"})
        self.assert_healthy_on(application, 13)
        self.assertEqual(self.lab.catalogs(), self.before)
        self.assert_journal_clean()

    # drain_timeout

    def test_drain_timeout(self):
        """A transaction that ends in time is carried over, one that doesn't is ended and had been promised nothing."""
        application = "shop-live"
        in_time, too_late = (self.connect(self.old, "shop_live", "shop_live") for _ in range(2))
        for number, connection in enumerate((in_time, too_late)):
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO ledger (entry) VALUES (%s)", (f"open when the fence closed {number}",))
        began = time.monotonic()
        with self.start(application, "--set", "drain_timeout=6s") as run:
            self.wait_for_step("fence_source")
            # It is fenced already: nobody comes in any more, and who is in goes on.
            wait_for("the closed door", lambda: self.lab.psql(self.old, "SELECT datallowconn FROM pg_database WHERE datname = 'shop_live'") == ["f"])
            in_time.commit()
            in_time.close()
            committed = time.monotonic()
            with self.assertRaises(psycopg2.Error):
                while True:  # until it is ended
                    with too_late.cursor() as cursor:
                        cursor.execute("SELECT pg_sleep(0.1)")
            self.assertGreater(time.monotonic() - committed, 3)
            code, output = run.finish()
        self.assertEqual(code, 0, output)
        self.assertLess(time.monotonic() - began, 6 + MARGIN)
        self.assertEqual(self.lab.psql(self.new, "SELECT entry FROM ledger WHERE entry LIKE 'open when%'", "shop_live"), ["open when the fence closed 0"])
        [(outcome,)] = self.lab.journal.rows("SELECT outcome FROM steps WHERE path LIKE '%/fence_source@%'")
        self.assertIn('"terminated":1', outcome)
        self.assert_healthy_on(application, 15)
        self.assert_journal_clean()

    # max_pause

    def hold_lock(self, database, table):
        connection = self.connect(self.old, database)
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        return connection

    def test_lock_that_the_comparison_waits_for(self):
        """Whoever is a superuser gets through the fence, and may hold up what reads there."""
        application = "billing-live"
        began = time.monotonic()
        with self.start(application, "--set", "max_pause=7s") as run:
            self.wait_for_step("restore_backup_to_reprovisioned_services")
            lock = self.hold_lock(self.wait_for_fenced_name(), "ledger")
            code, output = run.finish()
        lock.close()
        self.assert_undone(application, code, output, time.monotonic() - began, 7, "the comparison was stopped because the pause would last longer than max_pause")

    def test_backup_on_a_server_that_stands_still(self):
        """The backend that pg_dump talks to is stopped for a while, as by a disk that doesn't answer."""
        application = "forum-live"
        database = self.lab.database_of(application)["database"]
        role = self.lab.database_of(application)["role"].replace('"', '""')
        self.lab.psql(self.old, f"""CREATE TABLE public.filler AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 60000) n;
                                    ALTER TABLE public.filler OWNER TO "{role}" """, database)
        self.before = self.lab.catalogs()
        began = time.monotonic()
        looking = self.connect(self.old, "postgres")
        looking.autocommit = True
        with self.start(application, "--set", "max_pause=5s") as run, looking.cursor() as cursor:
            def dumping():
                cursor.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY %' AND datname LIKE 'pgconvoy%'")
                return cursor.fetchone()
            [pid] = wait_for("pg_dump's backend", dumping, every=0)
            os.kill(pid, signal.SIGSTOP)
            try:
                wait_for("the end of the pause", lambda: self.lab.journal.rows("SELECT 1 FROM events WHERE kind = 'target_rolling_back'"), seconds=20)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            code, output = run.finish()
        self.assert_undone(application, code, output, time.monotonic() - began, 5, "pg_dump was stopped because the pause would last longer than max_pause")

    # A health check that hangs

    def test_health_check_that_hangs(self):
        """It accepts and never answers: check says so and blocks; where it begins to hang after the pivot, the way back is taken."""
        application = self.lab.record["databases"][3]["environment"]
        with socket.create_server(("127.0.0.1", 0)) as silent:
            connections, hanging = [], threading.Event()

            def serve():
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = silent.accept()
                        connections.append(connection)
                        if not hanging.is_set():
                            connection.recv(4096)
                            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                            connection.close()
            threading.Thread(target=serve, daemon=True).start()
            fleet = self.read_fleet()
            fleet["environments"][application]["controller"]["health_url"] = f"http://127.0.0.1:{silent.getsockname()[1]}/health"
            path = self.lab.path("silent.yaml")
            with open(path, "w", encoding="utf-8") as file:
                yaml.safe_dump(fleet, file, allow_unicode=True)
            hanging.set()
            began = time.monotonic()
            done = self.lab.run("check", *self.lab.fleet_arguments("-f", path, "--limit", application))
            self.assert_exit(done, 4)
            self.assertIn("no answer within 3", done.stdout)
            self.assertLess(time.monotonic() - began, 3 + MARGIN)
            hanging.clear()
            impatient = self.lab.edited_runbook(redeploy="{health_timeout: 4s}")
            began = time.monotonic()
            with self.lab.start("run", "-f", path, "--runbook", impatient, "--limit", application, "--yes") as run:
                self.wait_for_step("enable_reprovisioned_services")
                hanging.set()
                wait_for("the way back", lambda: self.lab.journal.rows("SELECT 1 FROM events WHERE kind = 'target_rolling_back'"), seconds=MARGIN)
                hanging.clear()
                code, output = run.finish()
            for connection in connections:
                connection.close()
        took = time.monotonic() - began
        # The run asked the one that answers at once: the application itself may still be starting.
        wait_for("the application itself", lambda: self.lab.health(application)[0])
        self.assert_undone(application, code, output, took, 4, "not healthy after 4.0 s: no answer within 3", "redeploy")


def test_postmaster_that_stands_still(self):
    """No new connection is answered for a while: the run waits for its limits, and ends with what it knows."""
    application = "billing-live"
    with open(self.lab.path("servers", self.old, "data", "postmaster.pid"), encoding="utf-8") as file:
        postmaster = int(file.readline())
    began = time.monotonic()
    with self.start(application, "--set", "max_pause=6s") as run:
        self.wait_for_step("stop_app")
        os.kill(postmaster, signal.SIGSTOP)
        try:
            wait_for("an error", lambda: self.lab.journal.rows("SELECT 1 FROM events WHERE kind IN ('step_failed', 'target_rolling_back')"), seconds=45)
        finally:
            os.kill(postmaster, signal.SIGCONT)
        code, output = run.finish()
    self.assert_undone(application, code, output, time.monotonic() - began, 45, self.old)


if os.environ.get("PGCONVOY_TEST_FULL"):
    LimitsTest.test_postmaster_that_stands_still = test_postmaster_that_stands_still


if __name__ == "__main__":
    unittest.main()
