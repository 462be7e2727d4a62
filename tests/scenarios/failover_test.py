"""The journal's server fails over to its standby on another port while workers are at a run, with the URL of both. With a
synchronous standby nothing that was acknowledged is lost; with one that lags the loss is found, and nothing is written any more."""
import contextlib
import os
import signal
import subprocess
import unittest

from tests.lab.ports import Ports

from .journal_server import JournalServer
from .support import wait_for
from .workers_test import WorkersTest

REFUSED_BY_JOURNAL = 1


class Standby(JournalServer):
    """Of a running journal server, by streaming replication; promoted it is one by itself."""

    def __init__(self, primary):
        super().__init__(primary.laboratory)
        self.primary = primary
        self.home = f"{primary.home}-standby"  # its port may be that of an earlier one
        self.passfile = primary.passfile

    def __enter__(self):
        self.account.make_directory(self.home, 0o700)
        passfile = os.path.join(self.home, "passfile")
        with open(self.primary.passfile, encoding="utf-8") as file:
            self.account.write_file(passfile, file.read(), 0o600)
        made = subprocess.run([os.path.join(self.bin, "pg_basebackup"), "-D", self.data, "-X", "stream", "-c", "fast", "-R", "--no-sync",
                               "-d", f"host=127.0.0.1 port={self.primary.port} user=postgres passfile={passfile} application_name=standby"],
                              capture_output=True, text=True, check=False, cwd=self.home, **self.account.popen_arguments())
        if made.returncode != 0:
            raise AssertionError(made.stdout + made.stderr)
        self.start()
        return self

    def promote(self):
        self.rows("SELECT pg_promote(true, 30)", database="postgres")

    def stop_receiving(self):
        self.rows("ALTER SYSTEM SET primary_conninfo = ''", database="postgres")
        self.rows("SELECT pg_reload_conf()", database="postgres")
        wait_for("the standby to receive nothing more", lambda: not self.rows("SELECT 1 FROM pg_stat_wal_receiver", database="postgres"), seconds=15)


class FailoverTest(WorkersTest):
    laboratory_options = {"regions": 1, "databases": 6, "apps": 1, "seed": 89}

    @contextlib.contextmanager
    def pair(self):
        """(primary, standby, URL of both). Each test has its own journal."""
        lab = self.lab
        primary = JournalServer(lab, name=f"journal-{self.id().rsplit('.', 1)[1]}")
        with primary, Standby(primary) as standby:
            self.server, self.url = primary, primary.url(host=f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}", connect_timeout="2")
            yield primary, standby

    def one_after_another(self):
        return ["--limit", *[text for each in self.mine for text in (each, "--limit")][:-1]]

    def take(self, count, first=()):
        """Targets that no other test moves; those with an application only where they are named first."""
        others = [each["environment"] for each in self.lab.record["databases"]
                  if each["environment"] not in self.taken and each["environment"] not in self.lab.record["applications"]]
        taken = [*first, *others][:count]
        self.taken.extend(taken)
        self.mine = taken
        return taken

    taken = []

    def test_synchronous_standby_is_promoted(self):
        application = sorted(self.lab.record["applications"])[0]
        self.take(4, first=[application])
        for each in self.mine:
            self.lab.make_slow(each, 1.5)
        writer = self.lab.start_writer(application, rate=20)
        writer.wait_for_more()
        with self.pair() as (primary, standby):
            primary.rows("ALTER SYSTEM SET synchronous_standby_names = 'standby'", database="postgres")
            primary.rows("SELECT pg_reload_conf()", database="postgres")
            run = self.begin(*self.one_after_another())
            with self.worker() as first, self.worker() as second, self.worker() as third:
                self.server.wait_for_holder(first.process.pid)
                wait_for("something to be done", lambda: "succeeded" in self.server.target_states(run).values(), seconds=60)
                primary.stop(signal.SIGQUIT)
                standby.promote()
                self.server = standby
                wait_for("the end of the run", lambda: self.ended(run), seconds=90, every=0.1)
                outputs = [self.finish(each) for each in (first, second, third)]
            self.assert_each_done_once(run)
            timelines = standby.rows("SELECT timeline_id FROM pg_control_checkpoint()", database="postgres")[0][0]
            self.assertGreaterEqual(timelines, 1, outputs)
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)

    def test_a_standby_that_lags_is_found_out(self):
        self.take(2)
        for each in self.mine:
            self.lab.make_slow(each, 6)
        with self.pair() as (primary, standby):
            run = self.begin(*self.one_after_another())
            self.assert_exit(self.run_on("status", f"r{run}"), 0)
            wait_for("the standby to have the run", lambda: standby.rows("SELECT count(*) FROM pgconvoy.runs")[0][0] == 1)
            standby.stop_receiving()
            with self.worker() as first, self.worker() as second:
                # Whoever has them: both have seen what was committed when they looked for targets.
                wait_for("restores", lambda: primary.rows("SELECT count(*) FROM pgconvoy.steps WHERE status = 'started' AND path LIKE '%%/restore_backup%%'")[0][0] == 2, seconds=60)
                acknowledged = primary.rows("SELECT max(sequence) FROM pgconvoy.events")[0][0]
                primary.stop(signal.SIGQUIT)
                standby.promote()
                self.server = standby
                outputs = [each.finish() for each in (first, second)]
            for code, output in outputs:
                self.assertEqual(code, REFUSED_BY_JOURNAL, output)
                self.assertIn("has gone back", output)
                self.assertIn("stop all workers", output)
            # Nothing was written to what is left of it, and their programs have ended with them.
            self.assertLess(standby.rows("SELECT max(sequence) FROM pgconvoy.events")[0][0], acknowledged)
            self.assertEqual(standby.rows("SELECT count(*) FROM pgconvoy.events WHERE kind = 'target_claimed'")[0][0], 0)
            self.assertEqual(self.lab.processes("pg_restore", "pg_dump"), [])
            # Whoever looks at it now finds it sound: it doesn't know what it lost. What was begun stands on the servers.
            self.assert_exit(self.run_on("journal", "verify"), 0)
            fenced = [name for server in self.lab.record["servers"] for name in self.lab.leftovers(server) if name.endswith("_old")]
            self.assertGreaterEqual(len(fenced), 2)


if __name__ == "__main__":
    unittest.main()
