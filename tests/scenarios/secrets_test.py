"""Secrets of all kinds are planted; then everything is searched for them: what was said, written, and what stood on command lines."""
import contextlib
import http.server
import os
import socket
import subprocess
import threading
import unittest
from urllib.parse import quote

import yaml

from .hunting import CommandLines, files_below, surroundings
from .support import RUNBOOK, ScenarioTest

BLOCKED = 4
# What is searched for is the middle of each secret: it stays the same however the rest is quoted.
ROLE, ADMINISTRATOR, MAPPING, SUBSCRIPTION, VARIABLE, SETTING, WRONG, CONTROL = TOKENS = [
    f"sesame4711{what}" for what in ("role", "administrator", "mapping", "subscription", "variable", "setting", "wrong", "control")]
DIFFICULT = "o'p\"e n%41@/?\\:{}&=é"
APPLICATION, OTHER = "shop-live", "billing-live"


def text(value):
    """As a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


class TalkativeHealth(http.server.BaseHTTPRequestHandler):
    """Answers like an application that shows its configuration, which some frameworks do while they are being debugged. It is
    healthy unless its configuration holds `unhealthy_with`."""
    environment_file, unhealthy_with = None, ""

    def do_GET(self):
        with open(self.environment_file, encoding="utf-8") as file:
            configuration = file.read()
        body = ("connected with " + " ".join(configuration.split("\n")[::-1])).encode()
        self.send_response(503 if self.unhealthy_with in configuration else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class SecretsTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 3, "apps": 2, "seed": 97}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lab = cls.lab
        cls.old, cls.new = lab.server("eu-west", 13), lab.server("eu-west", 15)
        cls.temporary = os.path.join(lab.base, "temporary")
        os.mkdir(cls.temporary)
        cls.plant()

    @classmethod
    def plant(cls):
        lab = cls.lab
        cls.role_password = DIFFICULT + ROLE + DIFFICULT
        lab.psql(cls.old, f"SET password_encryption = 'scram-sha-256'; ALTER ROLE shop_live PASSWORD {text(cls.role_password)};"
                          f"ALTER ROLE shop_live SET app.signing_key = 'x{SETTING}x'; ALTER DATABASE shop_live SET app.other_key = 'x{SETTING}x'")
        port = lab.record["servers"][cls.old]["port"]
        lab.set_environment(APPLICATION, DATABASE_URL=f"postgresql://shop_live:{quote(cls.role_password, safe='')}@127.0.0.1:{port}/shop_live",
                            SECRET_KEY_BASE=f"k{VARIABLE}k")
        lab.set_environment(OTHER, SECRET_KEY_BASE=f"k{VARIABLE}k")
        # Foreign data and a subscription, as their passwords stand in a database and in its backup.
        lab.psql(cls.old, f"""CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO shop_live;
            SET SESSION AUTHORIZATION shop_live; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
            CREATE USER MAPPING FOR shop_live SERVER elsewhere OPTIONS (user 'x', password {text(DIFFICULT + MAPPING)})""", "shop_live")
        cls.subscribe("shop_live", "")
        # The administrator's, by another way for each server.
        cls.administrator = "a'b\"c d%41" + ADMINISTRATOR
        for server in (cls.old, cls.new):
            lab.psql(server, f"ALTER ROLE postgres PASSWORD {text(cls.administrator)}")
        lab.file("administrator", cls.administrator + "\n")
        with open(lab.path("secrets", "admin.passfile"), "w", encoding="utf-8") as file:
            file.write(f"*:*:*:postgres:{cls.administrator}\n")
        fleet = cls.read_fleet(cls)
        fleet["servers"][cls.old]["password"] = {"env": "OF_THE_OLD_SERVER"}
        fleet["servers"][cls.new]["password"] = {"command": ["cat", os.path.join(lab.base, "administrator")]}
        cls.fleet = cls.write_fleet("secret.yaml", fleet)
        lab.psql(cls.old, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop_live'")

    @classmethod
    def subscribe(cls, database, more):
        cls.lab.psql(cls.old, f"""SET client_min_messages = error; CREATE SUBSCRIPTION news
            CONNECTION 'host=127.0.0.1 port=1 user=x password=p{SUBSCRIPTION}p {more}' PUBLICATION p
            WITH (connect = false, enabled = false, create_slot = false, slot_name = NONE)""", database)

    @classmethod
    def write_fleet(cls, name, fleet):
        """Beside the laboratory's: its paths are relative."""
        path = cls.lab.path(name)
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file, allow_unicode=True, sort_keys=False)
        return path

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])
        self.said = []

    def secret_fleet(self):
        with open(self.fleet, encoding="utf-8") as file:
            return yaml.safe_load(file)

    # Saying and searching

    def say(self, *arguments, exit_codes=(0,), **environment):
        """Runs it and keeps what it said."""
        done = self.lab.run(*arguments, environment={"OF_THE_OLD_SERVER": self.administrator, "TMPDIR": self.temporary, **environment})
        self.said.append((arguments, done.stdout + done.stderr))
        self.assertIn(done.returncode, exit_codes, f"{' '.join(arguments)}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def arguments(self, *more):
        return ("-f", self.fleet, "--runbook", RUNBOOK, *more) if "-f" not in more else ("--runbook", RUNBOOK, *more)

    def say_everything_about(self, run="r1"):
        for command in (("status", run), ("report", run), ("events", run), ("logs", run), ("backups", "list"), ("cleanup", "--dry-run")):
            self.say(*command, "-v")
        for command in ("status", "report", "events"):
            self.say(command, run, "--output", "json")
        self.say("report", run, "--output", "markdown")
        self.say("journal", "verify")

    def assert_nowhere(self):
        """In nothing that was said so far, and in no file but the backups and what the laboratory itself keeps."""
        found = [f"{' '.join(arguments)}: {surroundings(output.encode(), token.encode())}"
                 for arguments, output in self.said for token in TOKENS if token in output]
        read = {}
        for path, content in files_below(self.lab.base, without=(".dump", self.lab.directory, *(os.path.join(self.lab.base, name) for name in ("administrator", "tells")))):
            read[os.path.basename(path)] = content
            found += [f"{path}: {surroundings(content, token.encode())}" for token in TOKENS if token.encode() in content]
        self.assertEqual(found, [])
        # What was searched is what was meant.
        self.assertIn(b"SQLite", read[os.path.basename(self.lab.journal.path)])
        self.assertTrue(any(b"shop_live" in content for name, content in read.items() if name.startswith(os.path.basename(self.lab.journal.path))))

    @contextlib.contextmanager
    def command_lines(self):
        """None holds a secret; the one that does, for comparison, is found."""
        with CommandLines(TOKENS, self.temporary) as looking:
            with subprocess.Popen(["cat", "-", CONTROL], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as control:
                yield looking
                control.stdin.close()
        self.assertGreater(looking.looks, 5)
        self.assertTrue(any(CONTROL.encode() in each for each in looking.seen), "the control was not seen")
        self.assertEqual([each for each in looking.seen if CONTROL.encode() not in each], [])

    # The whole way, and back

    def test_there_and_back_again(self):
        limit = ("--limit", APPLICATION)
        with self.command_lines() as looking:
            self.say("fleet", "validate", "-f", self.fleet)
            self.say("fleet", "show", "-f", self.fleet, "--output", "json")
            self.say("fleet", "discover", "--source", self.lab.url(self.old), "--target", self.lab.url(self.new), "--output", "json",
                     exit_codes=(0, 1, 2), PGCONVOY_SOURCE_PASSWORD=self.administrator, PGCONVOY_TARGET_PASSWORD=self.administrator)
            self.say("doctor", "-f", self.fleet, "-v", exit_codes=(0, BLOCKED))
            self.say("parity", "-f", self.fleet, "--output", "json", exit_codes=(0, 1, 2, BLOCKED))
            for command in ("check", "plan"):
                for output in ("text", "json"):
                    self.say(command, *self.arguments(*limit), "-v", "--output", output)
            self.lab.use_journal("there-and-back")
            self.say("run", *self.arguments(*limit), "--yes", "-v")
            self.assert_healthy_on(APPLICATION, 15)
            self.say_everything_about()
            self.say("backups", "show", self.lab.json("backups", "list")["backups"][0]["id"])
            self.say("backups", "verify", "--all", "-v")
            self.say("rollback", "r1", APPLICATION, "--yes", "-v")
        self.assertEqual(looking.files, set(), "a temporary file with a name, which a killed process would leave")
        self.assert_healthy_on(APPLICATION, 13)
        self.say_everything_about()
        self.assert_nowhere()
        # In the backup they are, which is why nobody else may read it.
        archives = [each for each in files_below(self.lab.backups) if each[0].endswith(".dump")]
        self.assertGreater(len(archives), 0)
        for path, archive in archives:
            self.assertEqual(os.stat(path).st_mode & 0o077, 0)
            self.assertTrue(archive.startswith(b"PGDMP"))

    # Failures, each with a secret at hand

    def test_failures_before_anything_is_done(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
            closed = self.secret_fleet()
            closed["servers"][self.new]["url"] = f"postgresql://postgres@127.0.0.1:{nobody.getsockname()[1]}/postgres"
            inside = self.secret_fleet()
            inside["servers"][self.new]["url"] = f"postgresql://postgres:{quote(self.administrator)}@127.0.0.1:1/postgres"
            with self.command_lines():
                self.assertRegex(self.say("check", *self.arguments("-f", self.write_fleet("closed.yaml", closed)), exit_codes=(BLOCKED,)),
                                 "(?i)refused")
                self.assertRegex(self.say("check", *self.arguments(), exit_codes=(BLOCKED,), OF_THE_OLD_SERVER=f"x{WRONG}x"),
                                 "(?i)authentication failed")
                self.assertIn("password", self.say("check", *self.arguments("-f", self.write_fleet("inside.yaml", inside)), exit_codes=(2,)))
                self.say("fleet", "validate", "-f", self.lab.path("inside.yaml"), exit_codes=(2, BLOCKED))
                # A program that was to print a password, and prints one that is wrong, and more.
                self.lab.file("tells", f"x{WRONG}x\n{WRONG}\n")
                self.addCleanup(os.unlink, os.path.join(self.lab.base, "tells"))
                inside["servers"][self.new] = {**closed["servers"][self.new], "password": {"command": ["cat", os.path.join(self.lab.base, "tells")]}}
                self.say("check", *self.arguments("-f", self.write_fleet("program.yaml", inside)), exit_codes=(2, BLOCKED))
        refused = self.lab.run("check", "--source", f"postgresql://postgres:{WRONG}@127.0.0.1:1/", "--target", self.lab.url(self.new))
        self.assertEqual(refused.returncode, 2)
        self.said.append((("check", "--source"), refused.stdout + refused.stderr))
        # The password that the application logs in with is tried before the pause.
        port = self.lab.record["servers"][self.old]["port"]
        self.lab.set_environment(APPLICATION, DATABASE_URL=f"postgresql://shop_live:{WRONG}@127.0.0.1:{port}/shop_live")
        try:
            self.say("check", *self.arguments("--limit", APPLICATION), "-v", exit_codes=(0, BLOCKED))
            self.say("run", *self.arguments("--limit", APPLICATION), "--yes", "-v", exit_codes=(1, BLOCKED))
        finally:
            self.lab.set_environment(APPLICATION, DATABASE_URL=f"postgresql://shop_live:{quote(self.role_password, safe='')}@127.0.0.1:{port}/shop_live")
        self.assert_nowhere()
        self.assert_healthy_on(APPLICATION, 13)

    def test_restore_that_fails_at_a_statement_with_a_secret(self):
        """Each statement was good for 13 and is refused by 15, and its text holds the secret."""
        before = self.lab.catalogs()
        # PostgreSQL 14 knows no conninfo parameter `tty` any more.
        self.subscribe("billing_live", "tty=/dev/null")
        try:
            with self.command_lines():
                said = self.say("run", *self.arguments("--limit", OTHER), "--yes", "-v", exit_codes=(1,))
                self.assertIn("invalid connection option", said)
                self.say_everything_about()
        finally:
            self.lab.psql(self.old, "DROP SUBSCRIPTION news", "billing_live")
        self.assertEqual(self.lab.catalogs(), before)
        # A wrapper whose validator takes no passwords any more, and quotes what it doesn't take.
        self.lab.psql(self.old, f"""CREATE FUNCTION public.no_passwords(options text[], catalogue oid) RETURNS void LANGUAGE plpgsql AS $$
              BEGIN IF current_setting('server_version_num')::integer > 140000 AND catalogue = 'pg_user_mapping'::regclass
                THEN RAISE 'no passwords here: %', options[1] USING DETAIL = options::text, HINT = options::text; END IF; END $$;
            CREATE FOREIGN DATA WRAPPER ours VALIDATOR public.no_passwords; CREATE SERVER ours FOREIGN DATA WRAPPER ours;
            CREATE USER MAPPING FOR PUBLIC SERVER ours OPTIONS (password {text(DIFFICULT + MAPPING)})""", "billing_live")
        self.lab.use_journal("restore-fails-at-a-user-mapping")
        try:
            with self.command_lines():
                said = self.say("run", *self.arguments("--limit", OTHER), "--yes", "-v", exit_codes=(1,))
                self.assertIn("no passwords here", said)
                self.say_everything_about()
        finally:
            self.lab.psql(self.old, "DROP FOREIGN DATA WRAPPER ours CASCADE; DROP FUNCTION public.no_passwords", "billing_live")
        self.assert_nowhere()
        self.assertEqual(self.lab.catalogs(), before)
        self.assert_healthy_on(OTHER, 13)

    def test_application_that_shows_its_variables_where_its_health_is_asked(self):
        TalkativeHealth.environment_file = self.lab.path("apps", APPLICATION, "env")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TalkativeHealth)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        fleet = self.secret_fleet()
        fleet["environments"][APPLICATION]["controller"]["health_url"] = f"http://127.0.0.1:{server.server_port}/health"
        path = self.write_fleet("talkative.yaml", fleet)
        impatient = self.lab.edited_runbook(redeploy="{health_timeout: 1s}")
        TalkativeHealth.unhealthy_with = ""
        self.assertIn("connected with", self.say("check", "-f", path, "--runbook", RUNBOOK, "--limit", APPLICATION, "-v", exit_codes=(BLOCKED,)))
        TalkativeHealth.unhealthy_with = f"127.0.0.1:{self.lab.record['servers'][self.new]['port']}/"
        self.say("check", "-f", path, "--runbook", RUNBOOK, "--limit", APPLICATION, "-v", "--output", "json")
        with self.command_lines():
            self.assertRegex(self.say("run", "-f", path, "--runbook", impatient, "--limit", APPLICATION, "--yes", "-v", exit_codes=(1,)),
                             "not healthy after 1.0 s: 503 connected with")
        self.say_everything_about()
        self.assert_nowhere()
        self.assertEqual(self.lab.journal.target_states(), {APPLICATION: "rolled_back"})
        self.assert_healthy_on(APPLICATION, 13)


if __name__ == "__main__":
    unittest.main()
