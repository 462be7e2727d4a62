"""The web page of `pgconvoy serve` in real Chromium: a migration led by its buttons, who may do what, a large fleet, accessibility."""
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
import types
import unittest

from .journal_server import JournalServer
from .support import CHECKOUT, ScenarioTest, program, wait_for

DRIVE = os.path.join(CHECKOUT, "tests", "web", "drive.mjs")
CHROMIUM = "/usr/bin/chromium"
FULL = os.environ.get("PGCONVOY_TEST_FULL") == "1"


def drive(scenario, seconds=150, **options):
    """What was seen. Fails with what Chromium's driver said when something wasn't as it should be."""
    options.setdefault("chromium", CHROMIUM)
    if os.environ.get("PGCONVOY_TEST_SHOTS"):
        options.setdefault("shots", os.environ["PGCONVOY_TEST_SHOTS"])
    done = subprocess.run(["node", DRIVE, scenario, json.dumps(options)], capture_output=True, text=True, check=False, timeout=seconds)
    if done.returncode != 0:
        raise AssertionError(f"{done.stderr}\nseen until then: {done.stdout}")
    return json.loads(done.stdout.splitlines()[-1])


class Server:
    """`pgconvoy serve` at a port of its own."""

    def __init__(self, journal, environment, *arguments):
        self.process = subprocess.Popen([program(), "serve", "--port", "0", "--journal", journal, "--output", "jsonl", *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment)
        self.said = json.loads(self.process.stdout.readline() or self.process.stderr.read())
        self.url, self.token = self.said["url"], self.said["token"]

    @property
    def url_with_token(self):
        return f"{self.url}#token={self.token}"

    def ask(self, method, path, body=None, **headers):
        """(status, headers, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.said["port"], timeout=10)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def stop(self):
        """Its exit code and what it wrote to stderr."""
        self.process.terminate()
        try:
            _, error = self.process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode, error


class ServeTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 4, "apps": 1, "seed": 91}

    def test_a_migration_led_from_the_page(self):
        lab = self.lab
        for each in lab.record["databases"]:
            lab.make_slow(each["environment"], 2)
        with lab.start("run", *lab.fleet_arguments("--waves", "1,100%", "--approve", "--concurrency-per-region", "1"), "--yes") as running:
            wait_for("the first wave to wait", lambda: any("approval" in data for (data,) in lab.journal.rows("SELECT data FROM events WHERE kind = 'run_waits'")), 40)
            server = Server(lab.journal.path, lab.environment())
            try:
                target = lab.journal.rows("SELECT id FROM targets WHERE number = 1")[0][0]
                seen = drive("migration", url=server.url_with_token, target=target, full=FULL)
                self.assertEqual(running.finish()[0], 3, "the run that was paused did not say so")
                self.assert_hostile_requests_change_nothing(server)
            finally:
                code, error = server.stop()
        self.assertEqual((code, error), (0, ""))
        self.assertEqual(set(lab.journal.target_states().values()), {"succeeded"})
        self.assertEqual(seen["bars"], 4)
        self.assertEqual(seen["pivots"], 4)
        self.assertEqual(seen["dots"], 4)
        self.assertGreater(seen["verified_rows"], 0)
        self.assertIn("of 4, 100 %", seen["ended_at"])
        words = dict(lab.journal.rows("SELECT kind, data FROM events WHERE kind IN ('wave_approved', 'limits_set')"))
        self.assertEqual(json.loads(words["wave_approved"])["reason"], "looks fine")
        self.assertEqual(json.loads(words["limits_set"])["changes"], {"concurrency": "3"})
        # The token stands nowhere but where it was printed.
        with open(lab.journal.path, "rb") as file:
            self.assertNotIn(server.token.encode(), file.read())
        print(f"page: {seen['examined']} pages examined, findings that don't hinder: {seen['axe']}")

    def assert_hostile_requests_change_nothing(self, server):
        before = self.lab.journal.rows("SELECT max(sequence) FROM events")
        good = {"Authorization": f"Bearer {server.token}", "Content_Type": "application/json"}
        path = "/api/v1/runs/r1/targets/1/actions/retry"
        self.assertEqual(server.ask("POST", path, "{}", Content_Type="application/json")[0], 401)
        self.assertEqual(server.ask("POST", path, "{}", **{**good, "Authorization": f"Bearer {server.token[:-1]}"})[0], 401)
        self.assertEqual(server.ask("POST", path, "{}", Origin="http://evil.example", **good)[0], 403)
        self.assertEqual(server.ask("POST", path, "{}", Sec_Fetch_Site="cross-site", **good)[0], 403)
        self.assertEqual(server.ask("POST", path, "{}", Host="evil.example", **good)[0], 421)
        self.assertEqual(server.ask("POST", path, "{}", **{**good, "Content_Type": "text/plain"})[0], 415)
        self.assertEqual(server.ask("GET", "/api/v1/runs", Host="rebound.example:80")[0], 421)
        # By rights, but refused by the command itself, in its words.
        status, headers, body = server.ask("POST", path, "{}", **good)
        self.assertEqual(status, 409, body)
        self.assertIn("has succeeded, there is nothing to retry", json.loads(body)["error"]["message"])
        self.assertNotIn("Access-Control-Allow-Origin", headers)
        # What the asker has written himself can be wrong.
        status, _, body = server.ask("POST", "/api/v1/runs/r1/actions/set", json.dumps({"changes": {"concurrency": "many"}}), **good)
        self.assertEqual(status, 400, body)
        status, _, body = server.ask("POST", "/api/v1/runs/r1/actions/set", json.dumps({"changes": {"concurrency": "3"}}), **good)
        self.assertEqual(status, 409, body)
        self.assertEqual(self.lab.journal.rows("SELECT max(sequence) FROM events"), before)


class ListeningTest(unittest.TestCase):
    """Where it listens, without a run."""

    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="pgconvoy-serve-")
        self.addCleanup(shutil.rmtree, self.base)
        self.journal = os.path.join(self.base, "journal.db")
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("PGCONVOY_J")}
        made = subprocess.run([os.path.join(os.path.dirname(program()), "pgconvoy_fleet_journal"), self.journal, "30"], capture_output=True, text=True, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)

    def run_serve(self, *arguments):
        return subprocess.run([program(), "serve", "--journal", self.journal, *arguments], capture_output=True, text=True, check=False, timeout=20, env=self.environment)

    def test_other_machines_are_only_let_in_when_that_was_asked_for(self):
        done = self.run_serve("--listen", "0.0.0.0", "--port", "0")
        self.assertEqual(done.returncode, 2)
        self.assertIn("can be reached from other machines", done.stderr)
        self.assertIn("ssh -L", done.stderr)
        server = Server(self.journal, self.environment, "--listen", "0.0.0.0", "--beyond-loopback")
        code, error = server.stop()
        self.assertEqual(code, 0)
        self.assertIn("WARNING", error)

    def test_read_only_there_is_no_token_that_is_right(self):
        server = Server(self.journal, self.environment, "--read-only")
        try:
            self.assertIsNone(server.token)
            for authorization in ("Bearer ", "Bearer null", "Bearer None"):
                self.assertEqual(server.ask("POST", "/api/v1/runs/r1/actions/pause", "{}", Authorization=authorization, Content_Type="application/json")[0], 401)
            self.assertEqual(server.ask("GET", "/api/v1/runs/r1")[0], 200)
            # The page is in the program.
            status, headers, body = server.ask("GET", "/", Accept_Encoding="identity")
            self.assertEqual(status, 200)
            self.assertIn("<title>pgconvoy</title>", body)
            self.assertIn("script-src 'self'", headers["Content-Security-Policy"])
        finally:
            self.assertEqual(server.stop()[0], 0)

    def test_no_journal_no_page(self):
        self.journal = os.path.join(self.base, "none.db")
        done = self.run_serve("--port", "0")
        self.assertEqual(done.returncode, 2)
        self.assertIn("none.db", done.stderr)


if FULL:

    class FleetTest(unittest.TestCase):
        """The page of 7,000 targets while events come in: what it costs is printed."""

        def test_a_fleet_of_thousands(self):
            base = tempfile.mkdtemp(prefix="pgconvoy-serve-")
            self.addCleanup(shutil.rmtree, base)
            journal = os.path.join(base, "journal.db")
            night = subprocess.Popen([os.path.join(os.path.dirname(program()), "pgconvoy_fleet_journal"), journal, "7000", "240"], stdout=subprocess.PIPE, text=True)
            try:
                self.assertEqual(night.stdout.readline().strip(), "ready")
                server = Server(journal, dict(os.environ))
                try:
                    asked = time.monotonic()
                    status, _, body = server.ask("GET", "/api/v1/runs/r1/targets")
                    first = time.monotonic() - asked
                    self.assertEqual(status, 200)
                    self.assertEqual(len(json.loads(body)["rows"]), 7000)
                    seen = drive("fleet", seconds=240, url=server.url_with_token)
                    with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as file:
                        memory = next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))
                finally:
                    code, error = server.stop()
                self.assertEqual((code, error), (0, ""))
            finally:
                night.kill()
                night.wait()
                night.stdout.close()
            print(f"page of 7,000 targets: {seen}; first list {len(body) // 1024} KB in {first:.1f} s; the server took {memory} MB at most")
            self.assertLess(seen["bars_in_document"], 120)
            self.assertLess(seen["overview"]["heap_mb"], 60)
            self.assertLess(seen["longest_task_ms"], 500)
            self.assertGreater(seen["stuck"], 0)

    class SharedJournalTest(unittest.TestCase):
        """The same documents and the same stream out of a journal in PostgreSQL."""

        def test_a_shared_journal(self):
            base = tempfile.mkdtemp(prefix="pgconvoy-serve-")
            self.addCleanup(shutil.rmtree, base)
            os.chmod(base, 0o755)
            with JournalServer(types.SimpleNamespace(base=base)) as journals:
                environment = {**os.environ, "PGPASSFILE": journals.passfile}
                with subprocess.Popen([os.path.join(os.path.dirname(program()), "pgconvoy_fleet_journal"), journals.url(), "200", "20"], stdout=subprocess.PIPE, text=True,
                                      env=environment) as night:
                    self.assertEqual(night.stdout.readline().strip(), "ready")
                    server = Server(journals.url(), environment)
                    try:
                        targets = json.loads(server.ask("GET", "/api/v1/runs/latest/targets")[2])
                        self.assertEqual(len(targets["rows"]), 200)
                        self.assertTrue(json.loads(server.ask("GET", "/api/v1/runs/latest")[2])["run"]["alive"])
                        connection = http.client.HTTPConnection("127.0.0.1", server.said["port"], timeout=15)
                        connection.request("GET", f"/api/v1/runs/r1/stream?after={targets['sequence']}")
                        stream = connection.getresponse()
                        told = next(line for line in iter(stream.readline, b"") if line.startswith(b"data:") and b"rows" in line)
                        connection.close()
                        changes = json.loads(told[5:])
                        self.assertGreater(changes["sequence"], targets["sequence"])
                        self.assertTrue(changes["rows"])
                    finally:
                        code, error = server.stop()
                        night.kill()
                    self.assertEqual((code, error), (0, ""))


if __name__ == "__main__":
    unittest.main()
