#!/usr/bin/python3
"""The laboratory's own tests: one laboratory for all, about 15 s.   /usr/bin/python3 tests/lab/lab_test.py"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True

import yaml  # noqa: E402
from lab import applications, check_ledger, nginx, population, postgres, processes  # noqa: E402
from lab.account import Account  # noqa: E402
from lab.databases import GROUP, quote_name  # noqa: E402
from lab.record import Record  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(HERE, "..", "..", "scripts", "lab")
SHAPES = len(population.SHAPES)


def lab(*arguments):
    return subprocess.run([LAB, *arguments], capture_output=True, text=True, check=False)


def wait_for(what, holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def names(directory):
    return [os.path.basename((processes.command_line(pid) or [""])[0]) for pid in processes.of_laboratory(directory)]


class LaboratoryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base = tempfile.mkdtemp(prefix="lab-test-")
        os.chmod(cls.base, 0o755)
        cls.directory = os.path.join(cls.base, "lab")
        cls.addClassCleanup(cls.clean)
        made = lab("up", "--dir", cls.directory, "--regions", "1", "--databases", str(SHAPES), "--apps", "3", "--seed", "7")
        if made.returncode != 0:
            raise AssertionError(made.stdout + made.stderr)
        cls.record = Record.load(cls.directory, Account())

    @classmethod
    def clean(cls):
        lab("down", "--dir", cls.directory)
        shutil.rmtree(cls.base, ignore_errors=True)

    def test_status_is_good_and_fleet_has_every_database(self):
        shown = lab("status", "--dir", self.directory)
        self.assertEqual(shown.returncode, 0, shown.stdout + shown.stderr)
        with open(self.record.path("fleet.yaml"), encoding="utf-8") as file:
            text = file.read()
        fleet = yaml.safe_load(text)
        self.assertEqual({i["database"] for i in fleet["instances"].values()}, {d["database"] for d in self.record.databases})
        controllers = [e["controller"]["kind"] for e in fleet["environments"].values()]
        self.assertEqual(controllers.count("local"), 3)
        self.assertEqual(controllers.count("none"), SHAPES - 3)
        with open(self.record.path("secrets", "admin.password"), encoding="utf-8") as file:
            self.assertNotIn(file.read().strip(), text)

    def test_up_on_a_laboratory_is_refused(self):
        again = lab("up", "--dir", self.directory)
        self.assertEqual(again.returncode, 2)
        self.assertIn("scripts/lab down", again.stderr)

    def test_every_shape_restores_to_15_and_dumps_the_same(self):
        old, new = "eu-west-pg13", "eu-west-pg15"
        program = "/usr/lib/postgresql/15/bin/"
        connection = postgres.connect(self.record, new)
        cursor = connection.cursor()
        for role in {GROUP} | {d[kind] for d in self.record.databases for kind in ("role", "reader")}:
            cursor.execute(f"CREATE ROLE {quote_name(role, connection)}")
        for database in self.record.databases:
            cursor.execute(f"CREATE DATABASE {quote_name(database['database'], connection)} TEMPLATE template0")
        connection.close()
        for database in self.record.databases:
            with self.subTest(database["shape"]):
                dump = os.path.join(self.base, "dump")
                self.run_on(old, database, program + "pg_dump", "-Fc", "-f", dump)
                restore = ("dbname='" + database["database"].replace("\\", "\\\\").replace("'", "\\'") + "'")
                self.run_on(new, database, program + "pg_restore", "--exit-on-error", "-d", restore, dump)
                rows = [self.run_on(server, database, program + "pg_dump", "-a", "--inserts", "--rows-per-insert=500").splitlines()
                        for server in (old, new)]
                data = [sorted(line for line in lines if not line.startswith((b"--", b"SET", b"\\"))) for lines in rows]
                # Not assertEqual: its diff of two long lists takes longer than the test.
                self.assertEqual([pair for pair in zip(*data) if pair[0] != pair[1]][:1], [])
                self.assertEqual(len(data[0]), len(data[1]))

    def run_on(self, server, database, *arguments):
        environment = {**os.environ, "PGPASSFILE": self.record.path("secrets", "admin.passfile"), "PGDATABASE": database["database"],
                       "PGHOST": "127.0.0.1", "PGPORT": str(self.record.server(server)["port"]), "PGUSER": "postgres",
                       # One shape's database prints bytea its own way; the restored one has no settings yet.
                       "PGOPTIONS": "-c bytea_output=hex -c standard_conforming_strings=on -c client_min_messages=error"}
        done = subprocess.run(arguments, env=environment, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def test_writer_meets_the_page_and_loses_nothing(self):
        # The third database and its role have hostile names.
        for environment in ("shop-live", "forum-live"):
            with self.subTest(environment):
                self.write_through_the_page(environment)

    def write_through_the_page(self, environment):
        app, kept, out = self.record.applications[environment], os.path.join(self.base, environment), os.path.join(self.base, "counts")
        with open(out, "w", encoding="utf-8") as output:
            writer = subprocess.Popen(["/usr/bin/python3", os.path.join(HERE, "writer.py"), "--url", app["public_url"],
                                       "--acknowledged", kept, "--rate", "200"], stdout=output)
        try:
            wait_for("ten entries", lambda: len(check_ledger.read_acknowledged(kept)) > 10)
            lab("page", "--dir", self.directory, "on", environment)
            status, body = nginx.fetch(app["public_url"])
            self.assertEqual(status, 503)
            self.assertIn("being maintained", body)
            stopped_at = nginx.fetch(app["health_url"])[1]["entries"]
            lab("app", "--dir", self.directory, "stop", environment)
            self.assertIsNone(nginx.fetch(app["health_url"])[0])
            lab("app", "--dir", self.directory, "start", environment)
            self.assertEqual(nginx.fetch(app["health_url"])[1]["entries"], stopped_at)
            lab("page", "--dir", self.directory, "off", environment)
            before = len(check_ledger.read_acknowledged(kept))
            wait_for("entries after the page", lambda: len(check_ledger.read_acknowledged(kept)) > before + 10)
        finally:
            writer.send_signal(signal.SIGTERM)
            writer.wait(10)
        with open(out, encoding="utf-8") as file:
            counts = json.load(file)
        self.assertGreater(counts["maintenance"], 0)
        self.assertEqual(counts["acknowledged"], len(check_ledger.read_acknowledged(kept)))
        verified = lab("verify-ledger", "--dir", self.directory, "--app", environment, "--acknowledged", kept)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_a_lost_entry_is_found(self):
        url, home = self.record.applications["billing-live"]["public_url"], self.record.path("apps", "billing-live")
        subprocess.run(["/usr/bin/python3", os.path.join(HERE, "writer.py"), "--url", url, "--acknowledged", os.devnull,
                        "--rate", "100", "--duration", "0.1"], check=True, capture_output=True)
        entries = nginx.fetch(url + "entries?limit=5")[1]
        with postgres.connect(self.record, "eu-west-pg13", "billing_live") as connection:
            connection.cursor().execute("DELETE FROM ledger WHERE id = %s", (entries[1]["id"],))
        connection.close()
        result = check_ledger.check(home)
        self.assertEqual(result["lost"], [(entries[1]["id"], entries[1]["entry"])])
        self.assertEqual(lab("verify-ledger", "--dir", self.directory, "--app", "billing-live").returncode, 1)

    def test_switches_of_the_application(self):
        environment = "shop-live"
        env_file = self.record.path("apps", environment, "env")
        with open(env_file, encoding="utf-8") as file:
            original = file.read()
        applications.stop(self.record, environment)
        before = len(check_ledger.read_acknowledged(self.record.path("apps", environment, "ledger.txt")))
        self.record.account.write_file(env_file, original + "WRITE_AT_START=1\nFAIL_HEALTH_ON_VERSION=13\n", 0o600)
        applications.start(self.record, environment)
        health = self.record.applications[environment]["health_url"]
        wait_for("an answer", lambda: nginx.fetch(health)[0] is not None)
        self.assertEqual(nginx.fetch(health)[0], 503)
        self.assertEqual(len(check_ledger.read_acknowledged(self.record.path("apps", environment, "ledger.txt"))), before + 1)
        applications.stop(self.record, environment)
        self.record.account.write_file(env_file, original, 0o600)
        applications.start(self.record, environment)
        applications.wait_until_healthy(self.record, environment)


class DownTest(unittest.TestCase):
    def test_a_killed_up_can_be_taken_down(self):
        for program in ("initdb", "postgres"):
            with self.subTest(killed_while_running=program):
                self.kill_up_at(program)

    def kill_up_at(self, program):
        with tempfile.TemporaryDirectory(prefix="lab-test-") as base:
            os.chmod(base, 0o755)
            directory = os.path.join(base, "lab")
            up = subprocess.Popen([LAB, "up", "--dir", directory, "--regions", "1", "--databases", "8", "--apps", "1"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for(program, lambda: program in names(directory), 30)
            up.kill()
            up.wait()
            self.assertEqual(lab("status", "--dir", directory).returncode, 1)
            sockets = Record.load(directory, Account()).content["socket_directory"]
            down = lab("down", "--dir", directory)
            self.assertEqual(down.returncode, 0, down.stderr)
            self.assertEqual(processes.of_laboratory(directory), [])
            self.assertFalse(os.path.exists(directory) or os.path.exists(sockets))

    def test_a_directory_that_is_not_a_laboratory_is_left_alone(self):
        with tempfile.TemporaryDirectory(prefix="lab-test-") as base:
            with open(os.path.join(base, "precious"), "w", encoding="utf-8"):
                pass
            self.assertEqual(lab("down", "--dir", base).returncode, 2)
            self.assertEqual(lab("up", "--dir", base).returncode, 2)
            self.assertEqual(os.listdir(base), ["precious"])


class PopulationTest(unittest.TestCase):
    def test_same_seed_same_population_and_names_are_unique_and_short(self):
        first, second = (population.populate(3, 600, 5, 42, 13) for _ in range(2))
        self.assertEqual(first, second)
        self.assertNotEqual(first, population.populate(3, 600, 5, 43, 13))
        for names in ([d.name for d in first], [d.role for d in first] + [d.reader for d in first], [d.environment for d in first]):
            self.assertEqual(len(names), len(set(names)))
            self.assertLessEqual(max(len(name.encode()) for name in names), 63)
        regions = [d.region for d in first]
        self.assertEqual(len({regions.count(region) for region in regions}), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
