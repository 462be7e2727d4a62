"""One target is one process's: the second is refused and says who holds it; what a dead one left is ended before anything is done."""
import contextlib
import os
import signal
import socket
import unittest

import psycopg2

from .support import ScenarioTest, wait_for

REFUSED = 2
RESTORE, BACKUP = "restore_backup_to_reprovisioned_services", "backup_collected_services"
LONG = 300  # seconds; nothing here waits for it


class ConcurrencyTest(ScenarioTest):
    # Each test has an application of its own.
    laboratory_options = {"regions": 1, "databases": 3, "apps": 3, "seed": 61}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.held, cls.dumped, cls.restored = sorted(cls.lab.record["applications"])

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def token(self, journal=None):
        return (journal or self.lab.journal).rows("SELECT value FROM journal WHERE key = 'token'")[0][0]

    @contextlib.contextmanager
    def session(self, server, name, database="postgres"):
        """A session of that application_name that has nothing to do with any process of ours."""
        connection = psycopg2.connect(self.lab.url(server, database), passfile=self.lab.path("secrets", "admin.passfile"), application_name=name)
        try:
            yield connection
        finally:
            connection.close()

    def assert_no_program_and_no_session(self, seconds=8):
        wait_for("no program", lambda: not self.lab.processes("pg_dump", "pg_restore"), seconds=5)
        for server in (self.old, self.new):
            wait_for(f"no session on {server}", lambda server=server: not self.lab.backends(server), seconds=seconds)

    def assert_moved(self, application, writer):
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(self.lab.leftovers(self.new), [])
        self.assert_journal_clean()

    def test_second_process_on_the_same_run_and_on_the_same_target(self):
        lab, application = self.lab, self.held
        database = lab.database_of(application)["database"]
        ours, theirs = lab.journal, os.path.join(lab.base, "theirs.db")
        # Another journal has planned the same target before: its plan shows nothing of what happens meanwhile.
        self.assert_exit(lab.run("plan", *lab.fleet_arguments("--limit", application), journal=theirs), 0)
        writer = lab.start_writer(application)
        writer.wait_for_more()
        # An open transaction keeps the run in its fence, with the page on and the database still under its name.
        with self.session(self.old, "a slow report", database) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            with lab.start("run", *lab.fleet_arguments("--limit", application, "--set", "drain_timeout=60s"), "--yes") as run:
                wait_for("the fence", lambda: lab.journal.is_started("fence_source", application), every=0)
                for command in (("resume", "r1"), ("rollback", "r1", application, "--yes"), ("retry", "r1", application)):
                    refused = self.assert_exit(lab.run(*command), REFUSED)
                    self.assertIn(f"r1 is being run by host {socket.gethostname()} pid {run.process.pid}", refused.stderr)
                events = ours.rows("SELECT count(*) FROM events")
                before = {server: lab.catalog(server)["roles"] for server in (self.old, self.new)}
                second = lab.run("run", "--plan", "r1", "--yes", journal=theirs)
                self.assertEqual(second.returncode, 1, second.stdout + second.stderr)
                self.assertRegex(second.stdout + second.stderr,
                                 rf"another run is working on this target: pgconvoy/{self.token()}-r1/t1/e1 \(process {run.process.pid} on 127\.0\.0\.1, ")
                self.assertEqual(ours.rows("SELECT count(*) FROM events"), events)
                self.assertEqual({server: lab.catalog(server)["roles"] for server in before}, before)
                self.assertTrue(lab.page_is_on(application))
                connection.rollback()
                code, output = run.finish()
        self.assertEqual(code, 0, output)
        lab.use_journal("theirs")
        self.assertEqual(lab.journal.target_states(), {application: "skipped"})
        # It claimed, was refused, and did nothing else.
        kinds = [kind for kind, in lab.journal.rows("SELECT kind FROM events WHERE target = 1 ORDER BY sequence")]
        self.assertEqual(kinds, ["target_planned", "target_claimed", "target_skipped"])
        self.assert_journal_clean()
        token = self.token()
        for server in (self.old, self.new):
            self.assertEqual([name for name in lab.leftovers(server) if token in name], [])
        lab.journal = ours
        self.assert_moved(application, writer)

    def test_killed_while_pg_dump_runs(self):
        lab, application = self.lab, self.dumped
        each = lab.database_of(application)
        lab.as_owner(application, "CREATE TABLE public.much AS SELECT n, repeat(md5(n::text), 8) AS text FROM generate_series(1, 150000) n")
        writer = lab.start_writer(application)
        writer.wait_for_more()
        with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as run:
            wait_for("pg_dump at its work", lambda: lab.processes("pg_dump") and lab.journal.is_started(BACKUP, application), every=0)
            run.signal(signal.SIGKILL)
            self.assertEqual(run.finish()[0], -signal.SIGKILL)
        self.assert_no_program_and_no_session()
        self.assertTrue(lab.journal.is_started(BACKUP, application), "it was over before the kill")
        self.assert_exit(lab.run("resume", "r1"), 0)
        self.assertEqual(lab.psql(self.new, "SELECT count(*), max(length(text)) FROM public.much", each["database"]), ["150000|256"])
        self.assert_moved(application, writer)

    def test_killed_while_pg_restore_runs_and_something_goes_on_by_itself(self):
        lab, application = self.lab, self.restored
        lab.make_slow(application, LONG)
        before = lab.catalogs()
        writer = lab.start_writer(application)
        writer.wait_for_more()
        with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as run:
            wait_for("pg_restore in its index", lambda: lab.psql(self.new, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
                                                                           "AND application_name LIKE 'pgconvoy/%'"), seconds=40)
            self.assertTrue(lab.processes("pg_restore"))
            run.signal(signal.SIGKILL)
            self.assertEqual(run.finish()[0], -signal.SIGKILL)
        # Its backend looks whether its client is there, although it is in a tenant's function.
        self.assert_no_program_and_no_session()

        # A pg_restore of the dead process that nobody ended, on a host that is gone, say: it works under the old epoch.
        name = f"pgconvoy/{self.token()}-r1"
        with contextlib.ExitStack() as stack:
            gone_on = [stack.enter_context(self.session(server, f"{name}/t1/e1")) for server in (self.old, self.new)]
            staying = [stack.enter_context(self.session(self.new, other))
                       for other in (f"{name}/t2/e1", f"{name}/t11/e1", f"{name}/t1/e99", f"{name}1/t1/e1", "pgconvoy/zzzzzz-r1/t1/e1", f"{name}/t1/e1x")]
            for connection in gone_on:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")  # in a transaction
            self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
            for connection in gone_on:
                with self.assertRaises(psycopg2.OperationalError), connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
            for connection in staying:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
        # Before anything else was done: the claim is the only event ahead of the first look.
        after = [kind for kind, in lab.journal.rows("SELECT kind FROM events WHERE target = 1 AND epoch = 2 ORDER BY sequence LIMIT 2")]
        self.assertEqual(after, ["target_claimed", "target_rolling_back"])
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(lab.catalogs(), before)
        self.assert_journal_clean()


if __name__ == "__main__":
    unittest.main()
