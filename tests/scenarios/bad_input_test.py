"""Bad input: a clear error, the right exit code, nothing changed on any server."""
import os
import shutil
import signal
import socket
import sqlite3
import unittest

import yaml

from .support import RUNBOOK, Journal, ScenarioTest, wait_for

APPLICATION = "shop-live"
USAGE, BLOCKED = 2, 4


class BadInputTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 3, "apps": 1, "seed": 41}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])
        self.before = self.lab.catalogs()

    def edited_fleet(self, change):
        """The fleet file after change(its content), beside the original: its paths are relative."""
        fleet = self.read_fleet()
        change(fleet)
        path = self.lab.path(f"{self.id().rsplit('.', 1)[1]}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file, allow_unicode=True, sort_keys=False)
        return path

    def assert_refused(self, done, code, *patterns):
        """Exit code, every pattern in what was said, and nothing changed."""
        said = done.stdout + done.stderr
        self.assert_exit(done, code)
        for pattern in patterns:
            self.assertRegex(said, pattern)
        self.assertNotIn("terminate called", said)
        self.assert_nothing_changed()

    def assert_nothing_changed(self):
        self.assertEqual(self.lab.catalogs(), self.before)
        self.assert_healthy_on(APPLICATION, 13)

    def set_url(self, server, url):
        def change(fleet):
            fleet["servers"][server]["url"] = url
        return self.edited_fleet(change)

    # Servers

    def test_no_server(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
            port = nobody.getsockname()[1]
            for server in (self.old, self.new):
                with self.subTest(server):
                    fleet = self.set_url(server, f"postgresql://postgres@127.0.0.1:{port}/postgres")
                    self.assert_refused(self.lab.migrate("-f", fleet), BLOCKED, server, "(?i)refused|reach")

    def test_wrong_password(self):
        with open(self.lab.path("secrets", "wrong.passfile"), "w", encoding="utf-8") as file:
            file.write("*:*:*:postgres:not-the-password\n")
        os.chmod(file.name, 0o600)

        def change(fleet):
            fleet["servers"][self.old]["password"] = {"passfile": "secrets/wrong.passfile"}
        done = self.lab.migrate("-f", self.edited_fleet(change))
        self.assert_refused(done, BLOCKED, self.old, "(?i)password|authentication")
        self.assertNotIn("not-the-password", done.stdout + done.stderr)

    def test_wrong_version(self):
        url = self.read_fleet()["servers"][self.new]["url"]
        done = self.lab.migrate("-f", self.set_url(self.old, url))
        self.assert_refused(done, BLOCKED, self.old, "15", "13")

    def test_same_server_as_source_and_target(self):
        url = self.read_fleet()["servers"][self.old]["url"]
        done = self.lab.migrate("-f", self.set_url(self.new, url))
        self.assertIn(done.returncode, (USAGE, BLOCKED), done.stdout + done.stderr)
        self.assert_refused(done, done.returncode, self.old, self.new, "one server")

    def test_same_url_as_source_and_target(self):
        url = self.read_fleet()["servers"][self.old]["url"]
        done = self.lab.run("run", "--source", url, "--target", url, "--runbook", RUNBOOK, "--yes")
        self.assertIn(done.returncode, (USAGE, BLOCKED), done.stdout + done.stderr)
        self.assert_refused(done, done.returncode, "(?i)same")

    def test_target_database_exists(self):
        self.lab.psql(self.new, "CREATE DATABASE shop_live")
        self.addCleanup(self.lab.psql, self.new, "DROP DATABASE shop_live")
        self.before = self.lab.catalogs()
        done = self.lab.migrate("--limit", APPLICATION)
        self.assert_refused(done, BLOCKED, "target_database_absent", "shop_live")

    def test_database_that_vanishes_between_plan_and_run(self):
        self.lab.psql(self.old, "CREATE DATABASE fleeting")

        def change(fleet):
            fleet["instances"]["fleeting-db"] = {"server": self.old, "database": "fleeting", "role": "shop_live", "state": "provisioned"}
            fleet["environments"]["fleeting-live"] = {"region": "eu-west", "application": "fleeting", "stage": "live",
                                                      "controller": {"kind": "none"}, "bindings": [{"instance": "fleeting-db"}]}
        try:
            self.lab.psql(self.old, "ALTER DATABASE fleeting OWNER TO shop_live")
            fleet = self.edited_fleet(change)
            self.assert_exit(self.lab.run("plan", *self.lab.fleet_arguments("-f", fleet, "--limit", "fleeting-live")), 0)
        finally:
            self.lab.psql(self.old, "DROP DATABASE fleeting")
        done = self.lab.run("run", "--plan", "r1", "--yes")
        self.assertIn(done.returncode, (1, BLOCKED), done.stdout + done.stderr)
        self.assert_refused(done, done.returncode, "fleeting", "does not exist any more|not found")
        self.assertEqual(self.lab.journal.target_states(), {"fleeting-live": "skipped"})

    # Arguments and files

    def test_empty_selection(self):
        self.assert_refused(self.lab.migrate("--limit", "nothing-*"), USAGE, r"nothing-\*")

    def test_password_in_an_argument(self):
        for argument in ("--source", "--target"):
            with self.subTest(argument):
                urls = {"--source": "postgresql://postgres@127.0.0.1:1/", "--target": "postgresql://postgres@127.0.0.1:2/"}
                urls[argument] = "postgresql://postgres:s3cr3t-word@127.0.0.1:1/"
                done = self.lab.run("run", *[text for pair in urls.items() for text in pair], "--runbook", RUNBOOK, "--yes")
                self.assert_refused(done, USAGE, "(?i)password", "(?i)passfile")
                self.assertNotIn("s3cr3t-word", done.stdout + done.stderr)

    def test_unknown_runbook(self):
        done = self.lab.run("run", "-f", self.lab.fleet, "--runbook", "postgres-13-to-51", "--yes")
        self.assert_refused(done, USAGE, "postgres-13-to-51", f"(?i)did you mean.*{RUNBOOK}")

    def test_broken_fleet_file(self):
        with open(self.lab.fleet, encoding="utf-8") as file:
            text = file.read()
        path = self.lab.path("broken.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("    concurrency: 2", "    concurency: 2", 1)
                       .replace("- instance: shop-live-db", "- instance: shop-live-bd", 1)
                       .replace("state: provisioned", "state: [provisioned]", 1))
        for arguments in (("fleet", "validate", path), ("run", "-f", path, "--runbook", RUNBOOK, "--yes")):
            with self.subTest(arguments[0]):
                done = self.lab.run(*arguments)
                self.assert_refused(done, USAGE, "concurency", "shop-live-bd", "state")
                positions = [line for line in (done.stdout + done.stderr).splitlines() if "broken.yaml:" in line]
                self.assertGreaterEqual(len(positions), 3, done.stdout + done.stderr)
                for line in positions:
                    self.assertRegex(line, r"broken\.yaml:\d+:\d+")

    def test_fleet_file_that_is_no_yaml_or_not_there(self):
        path = self.lab.file("noise.yaml", "regions: [\n\t}")
        self.assert_refused(self.lab.migrate("-f", path), USAGE, r"noise\.yaml:\d+:\d+")
        self.assert_refused(self.lab.migrate("-f", "nowhere.yaml"), USAGE, r"nowhere\.yaml")

    # Journals

    def test_unreadable_journal(self):
        path = self.lab.file("garbage.db", "this was never a journal\n" * 500)
        with open(path, "rb") as file:
            content = file.read()
        for arguments in (("status",), ("journal", "verify"), ("resume", "r1"), ("run", *self.lab.fleet_arguments(), "--yes")):
            with self.subTest(arguments[0]):
                self.assert_refused(self.lab.run(*arguments, journal=path), USAGE, r"garbage\.db")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), content, "the refused file was changed")

    def test_newer_journal(self):
        self.assert_exit(self.lab.run("plan", *self.lab.fleet_arguments()), 0)
        path = os.path.join(self.lab.base, "newer.db")
        shutil.copyfile(self.lab.journal.path, path)
        connection = sqlite3.connect(path)
        # What the plan wrote may still be in the write-ahead log, which was not copied; the version is in either.
        connection.execute("PRAGMA user_version = 4711")
        connection.commit()
        connection.close()
        for arguments in (("status",), ("run", *self.lab.fleet_arguments(), "--yes")):
            with self.subTest(arguments[0]):
                self.assert_refused(self.lab.run(*arguments, journal=path), USAGE, r"newer\.db", "(?i)newer")
        with self.subTest("no journal is made by looking"):
            self.assert_refused(self.lab.run("status", journal=os.path.join(self.lab.base, "none.db")), USAGE, r"none\.db")
            self.assertFalse(os.path.exists(os.path.join(self.lab.base, "none.db")))

class TwoRunsTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 1, "apps": 1, "seed": 42}

    def test_two_runs_on_one_target(self):
        lab = self.lab
        first = lab.journal
        with lab.start("run", *lab.fleet_arguments(), "--yes") as run:
            wait_for("the first run to make its database", lambda: lab.journal.is_started("reprovision_collected_instances"), every=0)
            run.signal(signal.SIGSTOP)  # it keeps its lock and gets no further, and the source still has its name
            try:
                second = Journal(os.path.join(lab.base, "second.db"))
                refused = lab.migrate("--limit", APPLICATION, journal=second.path)
            finally:
                run.signal(signal.SIGCONT)
            self.assertEqual(run.finish()[0], 0)
        self.assertIn(refused.returncode, (1, 3, BLOCKED), refused.stdout + refused.stderr)
        self.assertRegex(refused.stdout + refused.stderr, rf"(?i)\b{run.process.pid}\b|pgconvoy/\S*r1|another run")
        self.assertNotIn("succeeded", second.target_states().values())
        self.assertEqual(first.target_states(), {APPLICATION: "succeeded"})
        self.assert_healthy_on(APPLICATION, 15)
        self.assertEqual(lab.leftovers(lab.server("eu-west", 15)), [])
        self.assert_journal_clean()


if __name__ == "__main__":
    unittest.main()
