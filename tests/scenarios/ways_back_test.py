"""Back after a hand-over, forward after a refused way back, and what is found out late without harm."""
import contextlib
import signal
import time
import unittest

import psycopg2

from .support import ScenarioTest, wait_for

BLOCKED = 4
SLOW = """SET SESSION AUTHORIZATION {role};
    CREATE FUNCTION public.slow(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep(4); RETURN n; END';
    CREATE TABLE public.slow (n integer); CREATE INDEX ON public.slow (public.slow(n));
    INSERT INTO public.slow VALUES (1)"""


class WaysBackTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 6, "apps": 3, "seed": 71}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.handed_over = [each["environment"] for each in cls.lab.record["databases"] if each["environment"] not in cls.lab.record["applications"]]

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def state(self, target):
        return self.lab.journal.target_states()[target]

    def test_rollback_after_the_binding_was_confirmed(self):
        target = self.handed_over[0]
        before = self.lab.catalogs()
        self.assert_exit(self.lab.migrate("--limit", target), 0)
        self.assert_exit(self.lab.run("resolve", "r1", target, "--as", "done", "--reason", "bound"), 0)
        self.assert_exit(self.lab.run("rollback", "r1", target, "--yes"), 0)
        self.assertEqual(self.state(target), "rolled_back")
        self.assertEqual(self.lab.catalogs(), before)
        self.assert_journal_clean()

    def test_forward_after_a_way_back_that_would_have_lost_something(self):
        target = self.handed_over[1]
        database = self.lab.database_of(target)["database"]
        self.assert_exit(self.lab.migrate("--limit", target), 0)
        self.lab.psql(self.new, "CREATE TABLE written_since (n integer)", database)
        self.assert_exit(self.lab.run("rollback", "r1", target, "--yes"), 1)
        self.assertEqual(self.state(target), "stuck")
        self.assert_exit(self.lab.run("retry", "r1", target), 0)
        self.assertEqual(self.state(target), "succeeded")
        self.assertEqual(self.lab.psql(self.new, "SELECT count(*) FROM written_since", database), ["0"])
        self.assert_journal_clean()

    def test_way_back_of_a_second_attempt_compares_again(self):
        """An earlier attempt got as far as redeploy and went back; the second one is ended between enabling and redeploy."""
        application, lab = "billing-live", self.lab
        database = lab.database_of(application)["database"]
        before = lab.catalogs()
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15)
        impatient = lab.edited_runbook(redeploy="{health_timeout: 2s}")
        self.assert_exit(lab.migrate("--limit", application, "--runbook", impatient), 1)
        self.assertEqual(self.state(application), "rolled_back")
        with contextlib.closing(psycopg2.connect(lab.url(self.new), passfile=lab.path("secrets", "admin.passfile"))) as looking:
            looking.autocommit = True
            cursor = looking.cursor()

            def has_its_name():
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
                return cursor.fetchone()
            with lab.start("retry", "r1", application) as run:
                wait_for("the new database to be enabled", has_its_name, every=0)
                run.signal(signal.SIGKILL)
                run.finish()
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=None)
        self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
        self.assertEqual(self.state(application), "rolled_back")
        self.assertEqual(lab.catalogs(), before)
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application)
        self.assert_journal_clean()

    def test_housekeeping_that_fails_leaves_the_application_alone(self):
        application = "shop-live"
        fenced_before = self.lab.leftovers(self.old)
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        with self.lab.start("run", *self.lab.fleet_arguments("--limit", application), "--set", "retention=0", "--yes") as run:
            wait_for("redeploy to be started", lambda: self.lab.journal.is_started("redeploy"), every=0)
            run.signal(signal.SIGSTOP)
            try:
                # PostgreSQL drops no template.
                [fenced] = [name for name in self.lab.leftovers(self.old) if name not in fenced_before]
                self.lab.psql(self.old, f"ALTER DATABASE {fenced} IS_TEMPLATE true")
            finally:
                run.signal(signal.SIGCONT)
            code, output = run.finish()
        self.assertEqual(code, 1, output)
        self.assertEqual(self.state(application), "stuck")
        self.assert_healthy_on(application, 15)
        writer.wait_for_more()
        self.lab.psql(self.old, f"ALTER DATABASE {fenced} IS_TEMPLATE false")
        self.assert_exit(self.lab.run("retry", "r1", application), 0)
        self.assertEqual(self.state(application), "succeeded")
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(self.lab.leftovers(self.old), fenced_before)

    def test_pause_that_would_last_too_long(self):
        application = "billing-live"
        before = self.lab.catalogs()
        self.lab.psql(self.old, SLOW.format(role="billing_live"), "billing_live")
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        began = time.monotonic()
        done = self.lab.migrate("--limit", application, "--set", "max_pause=3s")
        self.assert_exit(done, 1)
        self.assertEqual(self.state(application), "rolled_back")
        self.assertIn("max_pause", done.stdout + done.stderr)
        self.assertLess(time.monotonic() - began, 20)
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(self.lab.catalogs(), before)

    def test_kill_in_the_middle_of_an_index(self):
        application = "forum-live"
        database = self.lab.database_of(application)["database"]
        role = self.lab.psql(self.old, "SELECT quote_ident(pg_get_userbyid(datdba)) FROM pg_database WHERE datname = current_database()", database)[0]
        self.lab.psql(self.old, SLOW.format(role=role), database)
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        building = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND datname LIKE 'pgconvoy%'"
        with self.lab.start("run", *self.lab.fleet_arguments("--limit", application), "--yes") as run:
            wait_for("the index", lambda: self.lab.psql(self.new, building))
            run.process.kill()
            run.finish()
        self.assert_exit(self.lab.run("resume", "r1"), 0)
        self.assertEqual(self.state(application), "succeeded")
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        self.assertEqual([name for name in self.lab.leftovers(self.new)], [])
        self.assert_journal_clean()

    def test_binding_that_the_environment_does_not_have(self):
        path = self.lab.path("misspelled.yaml")
        with open(self.lab.fleet, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("DATABASE_URL", "DATABSE_URL"))
        application = "billing-live"
        done = self.lab.run("check", *self.lab.fleet_arguments("-f", path, "--limit", application))
        self.assert_exit(done, BLOCKED)
        self.assertRegex(done.stdout, "bindings_lead_to_source(.|\n)*DATABSE_URL")

    def test_backup_directory_that_is_a_file(self):
        path = self.lab.file("not-a-directory", "")
        done = self.lab.migrate("--limit", "billing-live", "--backup-directory", path)
        self.assert_exit(done, BLOCKED)
        self.assertIn("is not a directory", done.stdout + done.stderr)
        self.assert_healthy_on("billing-live", 13)


if __name__ == "__main__":
    unittest.main()
