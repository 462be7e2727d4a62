"""A whole fleet moves, with applications that are written to all the time; then one goes back and forth again."""
import json
import os
import stat
import unittest

from .support import ScenarioTest, wait_for

APPLICATIONS = ("shop-live", "billing-live")
PROPERTIES = """SELECT datname, pg_get_userbyid(datdba), datconnlimit, datallowconn, pg_encoding_to_char(encoding), datcollate, datctype,
    (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(coalesce(datacl, acldefault('d', datdba))) a), shobj_description(oid, 'pg_database'),
    (SELECT array_agg(format('%s:%s', setrole::regrole, setconfig) ORDER BY setrole::regrole::text)
     FROM pg_db_role_setting WHERE setdatabase = pg_database.oid)
    FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1"""


class MainJobTest(ScenarioTest):
    laboratory_options = {"regions": 2, "databases": 6, "apps": 2, "seed": 11}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lab = cls.lab
        cls.regions = sorted({server["region"] for server in lab.record["servers"].values()})
        cls.before = lab.catalogs()
        cls.properties = {region: lab.psql(lab.server(region, 13), PROPERTIES) for region in cls.regions}
        cls.plan = lab.run("plan", *lab.fleet_arguments())
        cls.after_plan = lab.catalogs()
        cls.writers = {application: lab.start_writer(application) for application in APPLICATIONS}
        for writer in cls.writers.values():
            writer.wait_for_more()
        cls.done = lab.run("run", "--plan", "r1", "--yes")
        cls.more_after = {}
        for application, writer in cls.writers.items():
            # An application that did not come back fails its own test below, not the set-up of all.
            try:
                writer.wait_for_more()
                cls.more_after[application] = True
            except AssertionError:
                cls.more_after[application] = False
            writer.stop()

    def test_plan_writes_nothing_on_the_servers(self):
        self.assert_exit(self.plan, 0)
        self.assertIn("4 targets have applications that pgconvoy doesn't control", self.plan.stdout)
        self.assertIn("retention 7 d", self.plan.stdout)
        self.assertEqual(self.after_plan, self.before)

    def test_run_moves_every_target(self):
        self.assert_exit(self.done, 0)
        self.assertEqual(set(self.lab.journal.target_states().values()), {"succeeded"})
        self.assertEqual(len(self.lab.journal.target_states()), 6)

    def test_no_acknowledged_entry_is_lost(self):
        for application, writer in self.writers.items():
            with self.subTest(application):
                self.assertTrue(self.more_after[application], "nothing could be written after the run")
                self.assertIn("PostgreSQL 15", self.assert_ledger_complete(application, writer))
                self.assertGreater(writer.counts["maintenance"], 0, "the page was never seen")
                self.assertEqual(writer.counts["refused"], 0)
                self.assert_healthy_on(application, 15)

    def test_sources_are_fenced(self):
        for region in self.regions:
            with self.subTest(region):
                server = self.lab.server(region, 13)
                names = self.lab.psql(server, "SELECT datname, datallowconn FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
                self.assertEqual(len(names), 3)
                for name in names:
                    self.assertRegex(name, r"^pgconvoy_\w+_old\|f$")
                self.assertEqual(self.lab.catalog(server)["roles"], self.before[server]["roles"])

    def test_targets_have_name_and_properties_of_their_sources(self):
        for region in self.regions:
            with self.subTest(region):
                self.assertEqual(self.lab.psql(self.lab.server(region, 15), PROPERTIES), self.properties[region])

    def test_nothing_of_ours_is_left_on_the_targets(self):
        for region in self.regions:
            self.assertEqual(self.lab.leftovers(self.lab.server(region, 15)), [])

    def test_every_look_at_the_run_works_in_text_and_json(self):
        for arguments in (("report",), ("report", "r1"), ("status",), ("status", "--all"), ("backups", "list"), ("cleanup", "--dry-run"),
                          ("journal", "verify"), ("logs",), ("logs", "r1", "shop-live")):
            with self.subTest(" ".join(arguments)):
                self.assertNotEqual(self.assert_exit(self.lab.run(*arguments), 0).stdout, "")
                shown = self.assert_exit(self.lab.run(*arguments, "--output", "json"), 0).stdout
                # What happened, line by line, is one object a line; all else is one document.
                for document in shown.splitlines() if arguments[0] == "logs" else [shown]:
                    json.loads(document)

    def test_backups_are_private(self):
        backups = self.lab.json("backups", "list")["backups"]
        self.assertEqual(len(backups), 6)
        for backup in backups:
            self.assertEqual(stat.S_IMODE(os.stat(backup["file"]).st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(backup["file"])).st_mode), 0o700)

    def test_no_password_in_journal_output_or_events(self):
        secrets = []
        for application in APPLICATIONS:
            with open(self.lab.path("apps", application, "env"), encoding="utf-8") as file:
                secrets.append(file.read().split("://", 1)[1].split("@", 1)[0].split(":", 1)[1])
        with open(self.lab.path("secrets", "admin.passfile"), encoding="utf-8") as file:
            secrets.append(file.readline().strip().rsplit(":", 1)[1])
        texts = [self.done.stdout, self.done.stderr, self.lab.run("events", "--output", "jsonl").stdout, self.lab.run("report").stdout]
        for name in os.listdir(self.lab.base):
            if name.startswith("journal.db"):
                with open(os.path.join(self.lab.base, name), "rb") as file:
                    texts.append(file.read().decode("latin-1"))
        for secret in secrets:
            self.assertGreater(len(secret), 5)
            self.assertFalse(any(secret in text for text in texts), "a password is in the journal or in an output")

    def test_second_run_finds_nothing_to_do(self):
        before = self.lab.catalogs()
        again = self.lab.migrate(journal=os.path.join(self.lab.base, "second.db"))
        self.assertIn(again.returncode, (2, 4), again.stdout + again.stderr)
        self.assertRegex(again.stdout + again.stderr, "already|not found|nothing to do")
        self.assertEqual(self.lab.catalogs(), before)


class ThereAndBackTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 1, "apps": 1, "seed": 12}

    def test_rollback_after_success_then_forward_again(self):
        lab, application = self.lab, "shop-live"
        old, new = lab.server("eu-west", 13), lab.server("eu-west", 15)
        before = lab.catalogs()
        writer = lab.start_writer(application)
        writer.wait_for_more()
        writer.stop()
        self.assert_exit(lab.migrate(), 0)
        self.assert_healthy_on(application, 15)

        self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
        self.assert_healthy_on(application, 13)
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back"})
        self.assertEqual(lab.catalogs(), before)
        self.assert_ledger_complete(application, writer)

        writer = lab.start_writer(application)
        writer.wait_for_more()
        self.assert_exit(lab.run("retry", "r1", application), 0)
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(lab.leftovers(new), [])
        self.assertEqual(len(lab.leftovers(old)), 1)
        self.assert_journal_clean()

        # Written to since: no way back without giving something up.
        refused = lab.run("rollback", "r1", application, "--yes")
        self.assertEqual(refused.returncode, 1, refused.stdout + refused.stderr)
        self.assertEqual(lab.journal.target_states(), {application: "stuck"})
        self.assertTrue(lab.page_is_on(application))
        self.assertIn("--accept-data-loss", refused.stdout + refused.stderr)
        self.assert_exit(lab.run("retry", "r1", application), 0)
        wait_for("the application", lambda: lab.health(application) == (True, 15))
        self.assert_ledger_complete(application, writer)


if __name__ == "__main__":
    unittest.main()
