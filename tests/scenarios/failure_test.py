"""What goes wrong on the way is undone, or stands still behind its page with the ways out shown."""
import contextlib
import os
import subprocess
import unittest

from .support import ScenarioTest


class FailureTest(ScenarioTest):
    # Each test has an application, hence a target, of its own.
    laboratory_options = {"regions": 1, "databases": 4, "apps": 4, "seed": 21}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.impatient = cls.lab.edited_runbook(redeploy="{health_timeout: 2s}")

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])
        self.before = self.lab.catalogs()

    def assert_everything_is_as_before(self):
        self.assertEqual(self.lab.catalogs(), self.before)
        self.assert_journal_clean()

    def test_application_that_is_never_healthy_on_the_new_database(self):
        application = "shop-live"
        self.lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15)
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        done = self.lab.migrate("--runbook", self.impatient, "--limit", application)
        self.assert_exit(done, 1)
        self.assertEqual(self.lab.journal.target_states(), {application: "rolled_back"})
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application, writer)
        self.assert_everything_is_as_before()

    def test_application_that_wrote_before_it_failed(self):
        application = "billing-live"
        self.lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15, WRITE_AT_START=1)
        done = self.lab.migrate("--runbook", self.impatient, "--limit", application)
        self.assert_exit(done, 1)
        self.assertEqual(self.lab.journal.target_states(), {application: "stuck"})
        self.assertTrue(self.lab.page_is_on(application))
        self.assertEqual(self.lab.health(application), (False, None), "the application still runs")
        # Neither side can be reached under its own name.
        for server in (self.old, self.new):
            self.assertNotIn("billing_live", self.lab.user_databases(server))
        # With or without a further word: what is stuck must be found, and the ways out of it.
        for text in (done.stdout, self.lab.run("status", "r1").stdout):
            self.assertIn(f"pgconvoy retry r1 {application}", text)
            self.assertIn(f"pgconvoy rollback r1 {application} --accept-data-loss", text)
        [target] = self.lab.json("status", "r1")["targets"]
        self.assertEqual((target["state"], target["is_paused"]), ("stuck", True))
        self.assertEqual(target["live_database"], "neither: both are fenced")
        # Asked for without accepting a loss, it stays where it is.
        self.assert_exit(self.lab.run("rollback", "r1", application, "--yes"), 1)
        self.assertEqual(self.lab.journal.target_states(), {application: "stuck"})
        self.assertTrue(self.lab.page_is_on(application))

        self.assert_exit(self.lab.run("rollback", "r1", application, "--accept-data-loss", "--yes"), 0)
        self.assertEqual(self.lab.journal.target_states(), {application: "rolled_back"})
        self.assert_healthy_on(application, 13)
        self.assert_everything_is_as_before()

    def test_prepared_transaction_on_the_source(self):
        application = "forum-live"
        database = self.lab.database_of(application)["database"]
        self.lab.psql(self.old, "BEGIN; CREATE TABLE held_up (); PREPARE TRANSACTION 'left over'", database)
        try:
            done = self.lab.migrate("--limit", application)
            self.assert_exit(done, 4)
            self.assertIn("no_prepared_transactions", done.stdout + done.stderr)
            self.assertIn("left over", done.stdout + done.stderr)
            self.assertNotIn("page_on", done.stdout)
        finally:
            self.lab.psql(self.old, "ROLLBACK PREPARED 'left over'", database)
        self.assert_healthy_on(application, 13)
        self.assertEqual(self.lab.catalogs(), self.before)

    @contextlib.contextmanager
    def small_disk(self):
        """(a directory that takes less than the backup needs, a prefix for the command that makes it so).

        A file system of its own where we may mount one; elsewhere a limit on the size of a file, at which writing fails as well.
        """
        directory = os.path.join(self.lab.base, "small")
        os.makedirs(directory)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "none", directory], capture_output=True, check=False)
        try:
            if mounted.returncode == 0:
                yield directory, ()
            else:
                # The journal stays below the limit; the backup, with this table, does not. An ignored SIGXFSZ makes it an error.
                database = self.lab.database_of("archive-test")["database"]
                self.lab.psql(self.old, "CREATE TABLE filler AS SELECT sha512(n::text::bytea) FROM generate_series(1, 150000) n", database)
                yield directory, ("/bin/sh", "-c", "trap '' XFSZ; ulimit -f 12288; exec \"$@\"", "sh")
        finally:
            if mounted.returncode == 0:
                subprocess.run(["umount", "--lazy", directory], check=True)
            else:
                self.lab.psql(self.old, "DROP TABLE filler", database)

    def test_full_disk_for_the_backup(self):
        application = "archive-test"
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        with self.small_disk() as (directory, wrapper):
            self.assertEqual(self.lab.catalog(self.new), self.before[self.new])
            done = self.lab.migrate("--limit", application, "--backup-directory", directory, "--override",
                                    "disk_space=the test wants to see it full", wrapper=wrapper)
            self.assert_exit(done, 1)
            left = [name for _, _, files in os.walk(directory) for name in files]
        self.assertEqual(self.lab.journal.target_states(), {application: "rolled_back"})
        self.assertIn("backup_collected_services", done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, "No space left|File too large")
        self.assertEqual(left, [], "half a backup was left")
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application, writer)
        self.assert_everything_is_as_before()


if __name__ == "__main__":
    unittest.main()
