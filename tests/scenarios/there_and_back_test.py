"""There and back: by a failure or because somebody asks, what was there before is there again, by catalogue, content and files; and
what is different is never given up unasked."""
import os
import re
import subprocess
import unittest

from psycopg2 import extensions

from .ledgers import Ledgers, Totals
from .support import SECONDS_AT_MOST, ScenarioTest, wait_for

TOTALS = Totals()
USAGE = 2
# What is done to the new database, how it is called when it is found, and what makes both equal again.
DIFFERENCES = {
    "row": ("UPDATE customers SET name = 'changed' WHERE id = 1", r"public\.customers", "UPDATE customers SET name = 'Customer 1' WHERE id = 1"),
    "sequence": ("SELECT nextval('products_id_seq')", r"sequence public\.products_id_seq", "SELECT setval('products_id_seq', 81, false)"),
    "large object": ("SELECT lo_put(4711, 0, 'changed')", "large object", "SELECT lo_put(4711, 0, 'kept as')"),
}
EACH_ALONE = os.environ.get("PGCONVOY_TEST_FULL") == "1"


def tearDownModule():
    TOTALS.show()


class ThereAndBackTest(ScenarioTest):
    # Each test has an application, hence a target, of its own.
    laboratory_options = {"regions": 1, "databases": 2, "apps": 2, "seed": 47}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.impatient = cls.lab.edited_runbook(redeploy="{health_timeout: 2s}")

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def dump(self, server, database):
        """All of a database as text, as pg_dump writes it."""
        environment = {**self.lab.environment(), "PGDATABASE": database}
        done = subprocess.run(["pg_dump", "-h", "127.0.0.1", "-p", str(self.lab.record["servers"][server]["port"]), "-U", "postgres", "--create"],
                              capture_output=True, text=True, check=False, env=environment, timeout=SECONDS_AT_MOST)
        self.assertEqual(done.returncode, 0, done.stderr)
        # Each dump has a word of its own that keeps psql from reading more than it.
        return [line for line in done.stdout.splitlines() if not re.match(r"\\(un)?restrict ", line)]

    def file(self, *parts):
        """Content, mode and owner."""
        path = self.lab.path(*parts)
        status = os.stat(path)
        with open(path, "rb") as file:
            return file.read(), status.st_mode, status.st_uid, status.st_gid

    def everything(self, application):
        """Of the application's environment, and of both servers, neighbours included."""
        lab = self.lab
        database = lab.database_of(application)["database"]
        pages = os.listdir(lab.path("nginx", "maintenance"))
        return {"catalogs": lab.catalogs(), "databases": {server: lab.psql(server, "SELECT oid, datname FROM pg_database ORDER BY 1") for server in (self.old,)},
                "content": self.dump(self.old, database), "environment": self.file("apps", application, "env"), "pages": pages,
                "slots": {server: lab.psql(server, "SELECT slot_name FROM pg_replication_slots") for server in lab.record["servers"]}}

    def assert_everything_as(self, before, application):
        now = self.everything(application)
        for name, value in before.items():
            with self.subTest(name):
                self.assertEqual(now[name], value)

    def test_failure_leaves_nothing_behind(self):
        application, lab = "billing-live", self.lab
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15)
        before = self.everything(application)
        self.assert_exit(lab.migrate("--limit", application, "--runbook", self.impatient), 1)
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back"})
        self.assert_everything_as(before, application)
        self.assert_healthy_on(application, 13)
        self.assert_journal_clean()

    def refused(self, application):
        """What a way back says that would lose something; both databases are fenced then."""
        lab = self.lab
        done = self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 1)
        self.assertEqual(lab.journal.target_states(), {application: "stuck"})
        self.assertTrue(lab.page_is_on(application))
        database = lab.database_of(application)["database"]
        for server in (self.old, self.new):
            self.assertNotIn(database, lab.user_databases(server))
        return done.stdout + done.stderr

    def test_there_and_back(self):
        application, lab = "shop-live", self.lab
        database = lab.database_of(application)["database"]
        lab.psql(self.old, "SET SESSION AUTHORIZATION shop_live; SELECT lo_from_bytea(4711, 'kept as it is')", database)
        ledgers = Ledgers(lab, application)
        page = ledgers.start_page()
        page.wait_for_more()
        page.stop()
        [place] = lab.psql(self.old, "SELECT last_value FROM ledger_id_seq", database)
        before = self.everything(application)
        self.assert_exit(lab.migrate("--limit", application), 0)
        self.assert_healthy_on(application, 15)
        # A loss is accepted for a target by its name, never for all.
        self.assert_exit(lab.run("rollback", "r1", "--accept-data-loss", "--yes"), USAGE)

        # Somebody writes straight to the new database while it goes back: it is fenced before it is compared.
        url = {**extensions.parse_dsn(ledgers.url), "port": lab.record["servers"][self.new]["port"]}
        eager = ledgers.start("eager", url=" ".join(f"{key}='{value}'" for key, value in url.items()))
        page = ledgers.start_page()
        eager.wait_for_more()
        page.wait_for_more()
        self.assertIn("public.ledger", self.refused(application))
        eager.wait_for_refusal("does not exist")
        kept = len(ledgers.entries())
        seen = len(eager.failures())
        wait_for("more refusals", lambda: len(eager.failures()) > seen + 5)
        self.assertEqual(len(ledgers.entries()), kept, "somebody was let in while both were fenced")
        self.assert_exit(lab.run("retry", "r1", application), 0)
        eager.wait_for_more()
        page.wait_for_more()
        verdict = ledgers.judge(TOTALS)
        self.assertTrue(verdict.right(), verdict)

        # Nothing but what is changed is different from here on.
        lab.psql(self.new, f"DELETE FROM ledger WHERE id > {place}; SELECT setval('ledger_id_seq', {place})", database)
        for together in [[name] for name in DIFFERENCES] if EACH_ALONE else [list(DIFFERENCES)]:
            with self.subTest(different=together):
                for name in together:
                    lab.psql(self.new, DIFFERENCES[name][0], database)
                said = self.refused(application)
                for name in together:
                    self.assertRegex(said, DIFFERENCES[name][1])
                self.assert_exit(lab.run("retry", "r1", application), 0)
                self.assert_healthy_on(application, 15)
                for name in together:
                    lab.psql(self.new, DIFFERENCES[name][2], database)

        self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back"})
        self.assert_everything_as(before, application)
        self.assert_healthy_on(application, 13)
        self.assert_journal_clean()


if __name__ == "__main__":
    unittest.main()
