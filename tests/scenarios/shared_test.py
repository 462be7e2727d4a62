"""What databases share: roles, servers, an application's several bindings. Nothing outside of a target notices anything."""
import contextlib
import json
import os
import signal
import subprocess
import threading
import time
import unittest

import psycopg2

from .support import CHECKOUT, ScenarioTest, fetch, wait_for

NEIGHBOUR = os.path.join(CHECKOUT, "tests", "lab", "neighbour.py")
# All of it with PGCONVOY_TEST_FULL=1 (scripts/test --full).
MIGRATIONS = 50 if os.environ.get("PGCONVOY_TEST_FULL") else 6

# What the neighbour would notice, but for roles that pgconvoy makes for a restore: they are members of the owner for its
# duration, which changes nothing for it.
NOTICED = r"""
    SELECT json_build_object(
      'roles', (SELECT json_agg(to_jsonb(a) ORDER BY rolname) FROM pg_authid a WHERE rolname IN ('family', 'family_reporter', 'reporting')),
      'memberships', (SELECT json_agg(ARRAY[g.rolname, m.rolname, p.admin_option::text] ORDER BY 1, 2) FROM pg_auth_members p
                      JOIN pg_roles g ON g.oid = p.roleid JOIN pg_roles m ON m.oid = p.member
                      WHERE (g.rolname IN ('family', 'reporting') OR m.rolname IN ('family', 'family_reporter'))
                        AND m.rolname ~ '^family' AND g.rolname !~ '^pgconvoy'),
      'settings', (SELECT json_agg(ARRAY[coalesce(r.rolname, ''), coalesce(d.datname, ''), s.setconfig::text] ORDER BY 1, 2)
                   FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
                   WHERE d.datname = 'neighbour' OR (s.setdatabase = 0 AND r.rolname ~ '^family')),
      'database', (SELECT to_jsonb(d) - 'datfrozenxid' - 'datminmxid' FROM pg_database d WHERE datname = 'neighbour'))"""


class Noticing(threading.Thread):
    """Reads what the neighbour would notice, as often as it can; every answer must be the same."""

    def __init__(self, lab, server):
        super().__init__()
        self.answers, self.times, self.stopping = {}, 0, threading.Event()
        self.connection = psycopg2.connect(host="127.0.0.1", port=lab.record["servers"][server]["port"], user="postgres", dbname="postgres",
                                           passfile=lab.path("secrets", "admin.passfile"), application_name="noticing")
        self.connection.autocommit = True

    def run(self):
        with self.connection.cursor() as cursor:
            while not self.stopping.is_set():
                cursor.execute(NOTICED)
                self.answers.setdefault(json.dumps(cursor.fetchone()[0], sort_keys=True))
                self.times += 1
                self.stopping.wait(0.03)

    def stop(self):
        self.stopping.set()
        self.join()
        self.connection.close()


class SharedTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 0, "apps": 0, "shared": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.impatient = cls.lab.edited_runbook(redeploy="{health_timeout: 3s}")

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def variables(self, application):
        with open(self.lab.path("apps", application, "env"), encoding="utf-8") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file)

    # The neighbour

    def share_role_with_the_new_server(self):
        """The role, its group, its member, and a database of it that the fleet knows nothing of."""
        verifiers = dict(line.split("|") for line in self.lab.psql(
            self.old, "SELECT rolname, rolpassword FROM pg_authid WHERE rolname IN ('family', 'family_reporter')"))
        self.lab.psql(self.new, f"""CREATE ROLE reporting; CREATE ROLE family LOGIN CONNECTION LIMIT 90 PASSWORD '{verifiers["family"]}' IN ROLE reporting;
            ALTER ROLE family SET work_mem = '5MB'; COMMENT ON ROLE family IS 'Owns three databases';
            CREATE ROLE family_reporter LOGIN PASSWORD '{verifiers["family_reporter"]}' IN ROLE family""")
        self.lab.psql(self.new, "CREATE DATABASE neighbour OWNER family")
        self.lab.psql(self.new, "ALTER ROLE family IN DATABASE neighbour SET statement_timeout = '20s'")

    @contextlib.contextmanager
    def neighbours(self):
        """Writers and observers on both servers. Afterwards `self.noticed` holds what they say."""
        environment = {**self.lab.environment(), "PGPASSFILE": self.lab.path("secrets", "roles.passfile")}
        started, observers = {}, {}
        try:
            for server in (self.old, self.new):
                ready = os.path.join(self.lab.base, f"ready-{server}")
                started[server] = subprocess.Popen(
                    ["/usr/bin/python3", NEIGHBOUR, "--port", str(self.lab.record["servers"][server]["port"]), "--database", "neighbour",
                     "--role", "family", "--member", "family_reporter", "--ready", ready], stdout=subprocess.PIPE, text=True, env=environment)
                wait_for("the neighbour's entries", lambda: os.path.exists(ready), seconds=60)
                observers[server] = Noticing(self.lab, server)
                observers[server].start()
            yield
        finally:
            for observer in observers.values():
                observer.stop()
            self.observers, self.noticed = observers, {}
            for server, process in started.items():
                process.send_signal(signal.SIGTERM)
                self.noticed[server] = json.loads(process.communicate(timeout=30)[0])

    def assert_undisturbed(self):
        for server, said in self.noticed.items():
            self.assertEqual(len(self.observers[server].answers), 1, f"{server}: {list(self.observers[server].answers)}")
            self.assertGreater(self.observers[server].times, 20)
            for name, writer in said["writers"].items():
                with self.subTest(server=server, writer=name):
                    self.assertEqual((writer["errors"], writer["lost"]), ([], 0))
                    self.assertGreater(writer["acknowledged"], 5)
                    self.assertLess(writer["longest_gap"], 10)

    def test_z_neighbour_is_undisturbed(self):
        """Last: the role is on the new server from here on."""
        lab = self.lab
        self.share_role_with_the_new_server()
        lab.psql(self.old, "CREATE DATABASE many_1 OWNER family")
        lab.psql(self.old, """SET SESSION AUTHORIZATION family; CREATE TABLE public.things (id serial PRIMARY KEY, name text UNIQUE);
            INSERT INTO public.things (name) SELECT 'thing ' || n FROM generate_series(1, 100) n""", "many_1")
        for number in range(2, MIGRATIONS + 1):
            lab.psql(self.old, f"CREATE DATABASE many_{number} OWNER family TEMPLATE many_1")
        before, there_already = lab.catalogs(), set(lab.user_databases(self.new))
        lab.set_environment("twin-b-live", FAIL_HEALTH_ON_VERSION=15)
        began = time.monotonic()
        with self.neighbours():
            # One that fails and is undone, many that succeed, all of them back again.
            failed = lab.migrate("--limit", "twin-b-live", "--runbook", self.impatient)
            passfile = lab.path("secrets", "admin.passfile")
            moved = lab.run("run", "--source", lab.url(self.old), "--target", lab.url(self.new), "--database", "many_*", "--yes",
                            "--concurrency", "4", "--concurrency-per-region", "4", environment={"PGPASSFILE": passfile}, seconds=900)
            names = lab.user_databases(self.new)
            back = lab.run("rollback", "r2", "--yes", seconds=900)
        print(f"\n{MIGRATIONS} migrations there and back in {time.monotonic() - began:.0f} s; the neighbour: {json.dumps(self.noticed)}", flush=True)
        lab.set_environment("twin-b-live", FAIL_HEALTH_ON_VERSION=None)
        self.assert_undisturbed()
        self.assert_exit(failed, 1)
        self.assert_exit(moved, 0)
        self.assertEqual(set(names) - there_already, {f"many_{number}" for number in range(1, MIGRATIONS + 1)})
        self.assert_exit(back, 0)
        self.assertEqual(set(lab.journal.target_states(2).values()), {"rolled_back"})
        self.assertEqual(lab.catalogs(), before)
        self.assert_journal_clean()
        self.refused_password()

    def refused_password(self):
        """The role is there with another password: found before anybody is paused."""
        verifier = self.lab.psql(self.new, "SELECT rolpassword FROM pg_authid WHERE rolname = 'family'")[0]
        self.lab.psql(self.new, "ALTER ROLE family PASSWORD 'somebody else''s'")
        done = self.lab.run("check", *self.lab.fleet_arguments("--limit", "twin-a-live"))
        self.lab.psql(self.new, f"ALTER ROLE family PASSWORD '{verifier}'")
        self.assert_exit(done, 4)
        self.assertIn("roles_restorable", done.stdout)
        self.assertIn("refuses the password", " ".join(done.stdout.split()))
        self.assert_exit(self.lab.run("check", *self.lab.fleet_arguments("--limit", "twin-a-live")), 0)

    # Roles of two targets

    def test_role_of_two_targets_goes_with_the_last_of_them(self):
        lab = self.lab
        before = lab.catalogs()
        lab.set_environment("twin-b-live", FAIL_HEALTH_ON_VERSION=15)
        roles = "SELECT rolname FROM pg_roles WHERE rolname IN ('family', 'family_reporter', 'reporting') ORDER BY 1"
        all_of_them = ["family", "family_reporter", "reporting"]

        # Alone, its undo takes them all.
        self.assert_exit(lab.migrate("--limit", "twin-b-live", "--runbook", self.impatient), 1)
        self.assertEqual(lab.catalogs(), before)

        # At the same time as one that succeeds: they stay for that one, and let it in.
        self.assert_exit(lab.migrate("--limit", "twin-*", "--runbook", self.impatient, "--max-failures", "2"), 1)
        self.assertEqual(lab.journal.target_states(2), {"twin-a-live": "succeeded", "twin-b-live": "rolled_back"})
        self.assertEqual(lab.psql(self.new, roles), all_of_them)
        self.assert_healthy_on("twin-a-live", 15)

        # After one that has succeeded.
        self.assert_exit(lab.run("retry", "r2", "twin-b-live"), 1)
        self.assertEqual(lab.psql(self.new, roles), all_of_them)
        login = psycopg2.connect(host="127.0.0.1", port=lab.record["servers"][self.new]["port"], user="family_reporter", dbname="twin_a",
                                 passfile=lab.path("secrets", "roles.passfile"))
        login.close()

        # Whoever of the run made them, they go with the last that uses them.
        self.assert_exit(lab.run("rollback", "r2", "twin-a-live", "--yes"), 0)
        lab.set_environment("twin-b-live", FAIL_HEALTH_ON_VERSION=None)
        self.assertEqual(lab.catalogs(), before)
        for application in ("twin-a-live", "twin-b-live"):
            self.assert_healthy_on(application, 13)
        self.assert_journal_clean()

    # Two environments on one database

    def test_second_environment_fails_on_the_new_version(self):
        lab, both = self.lab, ("pair-web-live", "pair-worker-live")
        before, bound = lab.catalogs(), {application: self.variables(application) for application in both}
        lab.set_environment("pair-worker-live", FAIL_HEALTH_ON_VERSION=15)
        writers = {application: lab.start_writer(application) for application in both}
        for writer in writers.values():
            writer.wait_for_more()
        done = lab.migrate("--limit", "pair-*", "--runbook", self.impatient)
        self.assert_exit(done, 1)
        self.assertEqual(lab.journal.target_states(), {"pair-web-live": "rolled_back"})
        lab.set_environment("pair-worker-live", FAIL_HEALTH_ON_VERSION=None)
        for application in both:
            self.assertEqual(self.variables(application), bound[application])
            self.assert_healthy_on(application, 13)
        self.assertEqual(lab.catalogs(), before)

        # Killed while the second one is started: the resume finishes both.
        lab.lab("app", "stop", "pair-worker-live")
        lab.lab("app", "start", "pair-worker-live")
        with lab.start("run", *lab.fleet_arguments("--limit", "pair-*"), "--yes") as run:
            wait_for("the second to be started", lambda: lab.journal.rows(
                "SELECT 1 FROM steps WHERE run = 2 AND status = 'started' AND path LIKE '%redeploy@pair-worker-live'"), seconds=80, every=0)
            run.signal(signal.SIGKILL)
            run.finish()
        self.assert_exit(lab.run("resume", "r2"), 0)
        for application, writer in writers.items():
            writer.wait_for_more()
            writer.stop()
            self.assert_healthy_on(application, 15)
            self.assert_ledger_complete(application, writer)
        self.assertEqual(lab.leftovers(self.new), [])

    # Three bindings

    def test_every_variable_of_three_bindings_is_rewritten_and_given_back(self):
        lab, application = self.lab, "trio-live"
        before, bound = lab.catalogs(), self.variables(application)
        ports = {server: str(lab.record["servers"][server]["port"]) for server in (self.old, self.new)}
        writer = lab.start_writer(application)
        writer.wait_for_more()
        writer.stop()
        self.assert_exit(lab.migrate("--limit", application), 0)
        now = self.variables(application)
        leading = [name for name, value in bound.items() if ports[self.old] in value]
        self.assertEqual(sorted(leading), ["ARCHIVE_URL", "ARCHIVE_WORKER_URL", "DATABASE_REPLICA_URL", "DATABASE_URL", "QUEUE_PORT"])
        for name, value in bound.items():
            self.assertEqual(now[name], value.replace(ports[self.old], ports[self.new]) if name in leading else value, name)
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        _, body = fetch(lab.record["applications"][application]["health_url"])
        self.assertEqual([other["server_version"] // 10000 for other in json.loads(body)["others"]], [15, 15])
        self.assertIn(max((each["database"] for each in lab.record["databases"]), key=len), lab.user_databases(self.new))

        self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
        self.assertEqual(self.variables(application), bound)
        self.assert_healthy_on(application, 13)
        self.assertEqual(lab.catalogs(), before)

    # Configurations

    def test_configurations_compared(self):
        lab = self.lab
        done = lab.json("parity", "-f", lab.fleet)
        [pair] = done["pairs"]
        self.assertEqual((pair["source"], pair["target"]), (self.old, self.new))
        kinds = {entry["name"]: entry["kind"] for entry in pair["entries"]}
        self.assertEqual(kinds["hash_mem_multiplier"], "default_changed")
        self.assertEqual(kinds["compute_query_id"], "new_there")
        self.assertNotIn("port", kinds)
        lab.psql(self.old, "ALTER SYSTEM SET work_mem = '64MB'")
        lab.psql(self.old, "ALTER SYSTEM SET vacuum_cost_delay = '0.5ms'")
        lab.psql(self.old, "ALTER SYSTEM SET operator_precedence_warning = on")
        lab.psql(self.old, "SELECT pg_reload_conf()")
        try:
            wait_for("the settings", lambda: lab.psql(self.old, "SHOW work_mem") == ["64MB"])
            conf = self.assert_exit(lab.run("parity", "-f", lab.fleet, "--output", "conf"), 0).stdout
            self.assertRegex(conf, r"(?m)^work_mem = 64MB")
            self.assertRegex(conf, r"(?m)^#operator_precedence_warning = on .*PostgreSQL 14")
            # The new server takes it as it is.
            path = lab.path("servers", self.new, "data", "parity.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(conf)
            os.chmod(path, 0o644)
            main = lab.path("servers", self.new, "data", "postgresql.conf")
            with open(main, encoding="utf-8") as file:
                original = file.read()
            with open(main, "a", encoding="utf-8") as file:
                file.write("include 'parity.conf'\n")
            try:
                self.assertEqual(lab.psql(self.new, "SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL"), [])
                self.assertIn("work_mem|64MB", lab.psql(self.new, "SELECT name, setting FROM pg_file_settings WHERE sourcefile LIKE '%parity.conf'"))
            finally:
                with open(main, "w", encoding="utf-8") as file:
                    file.write(original)
                os.unlink(path)
        finally:
            lab.psql(self.old, "ALTER SYSTEM RESET ALL")
            lab.psql(self.old, "SELECT pg_reload_conf()")


if __name__ == "__main__":
    unittest.main()
