"""The runbooks of examples/runbooks on real servers: none of them upgrades anything."""
import json
import os
import re
import shutil
import signal
import subprocess

import yaml

from .support import CHECKOUT, ScenarioTest, wait_for

RUNBOOKS = os.path.join(CHECKOUT, "examples", "runbooks")
SERVICE = "postgresql-database-15"


class ExampleRunbooksTest(ScenarioTest):
    # Two servers of one version and one service; all databases are on the first.
    laboratory_options = {"regions": 1, "databases": 2, "apps": 1, "seed": 12, "from": 15, "to": 15, "target_servers": 2, "tls": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server, cls.other = "eu-west-pg15", "eu-west-pg15-2"
        [cls.app] = cls.lab.record["applications"]

    def words_for(self, name, *more, fleet=None, **parameters):
        self.lab.use_journal(name)
        given = [text for key, value in {"service": SERVICE, **parameters}.items() for text in ("--set", f"{key}={value}")]
        return ["run", "-f", fleet or self.lab.fleet, "--runbook", os.path.join(RUNBOOKS, f"{name}.yaml"), *given, *more, "--yes"]

    def carry_out(self, *what, **parameters):
        return self.lab.run(*self.words_for(*what, **parameters))

    def restart_app(self):
        for action in ("stop", "start"):
            done = self.lab.lab("app", action, self.app)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    # Certificates

    def certificate_in_use(self):
        """The serial number of the certificate with which the application is connected, as its server sees it."""
        self.lab.health(self.app)
        role = self.lab.database_of(self.app)["role"].replace("'", "''")
        found = self.lab.psql(self.server, f"SELECT DISTINCT client_serial FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = '{role}' AND ssl")
        return [f"{int(serial):x}" for serial in found if serial]

    def demand_certificates(self):
        """From the application's role; with a first one that it has. Returns the program and its folder."""
        lab, database = self.lab, self.lab.database_of(self.app)
        folder = os.path.join(lab.base, "pki")
        os.makedirs(os.path.join(folder, self.app))
        for name in ("authority.crt", "authority.key"):
            shutil.copyfile(lab.path("tls", name), os.path.join(folder, name))
        owner = os.stat(lab.path("apps", self.app))
        os.chown(os.path.join(folder, self.app), owner.st_uid, owner.st_gid)
        program = os.path.join(RUNBOOKS, "rotate-client-certificate")
        document = {"protocol": 1, "argument": folder, "environment": {"id": self.app, "instances": [{"role": database["role"]}]}, "intent": {"before": "", "serial": "0a11ce"}}
        made = subprocess.run([program, "apply"], input=json.dumps(document), capture_output=True, text=True, check=False)
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        [access] = lab.psql(self.server, "SHOW hba_file")
        with open(access, encoding="utf-8") as file:
            rules = file.read()
        role = database["role"].replace('"', '""')
        with open(access, "w", encoding="utf-8") as file:
            file.write(f'hostssl all "{role}" 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n{rules}')
        lab.psql(self.server, f"ALTER SYSTEM SET ssl_ca_file = '{lab.path('tls', 'authority.crt')}'")
        lab.psql(self.server, "SELECT pg_reload_conf()")
        with open(lab.path("apps", self.app, "env"), encoding="utf-8") as file:
            url = next(line.strip().split("=", 1)[1] for line in file if line.startswith("DATABASE_URL="))
        here = os.path.join(folder, self.app, "current")
        lab.set_environment(self.app, DATABASE_URL=f"{url}&sslcert={here}/client.crt&sslkey={here}/client.key")
        self.restart_app()
        self.assertEqual(self.certificate_in_use(), ["a11ce"])
        return program, folder

    def test_certificates_are_exchanged_and_taken_back_when_the_application_does_not_get_on_with_them(self):
        program, folder = self.demand_certificates()
        writer = self.lab.start_writer(self.app)
        self.assert_exit(self.carry_out("rotate-client-certificates", "--limit", self.app, program=program, folder=folder), 0)
        [second] = self.certificate_in_use()
        self.assertNotEqual(second, "a11ce")
        self.assertFalse(self.lab.page_is_on(self.app))
        # An authority that the server doesn't know: the application isn't healthy with what it signs.
        shutil.copyfile(self.lab.path("tls", "other.crt"), os.path.join(folder, "authority.crt"))
        shutil.copyfile(self.lab.path("tls", "other.key"), os.path.join(folder, "authority.key"))
        failed = self.assert_exit(self.carry_out("rotate-client-certificates", "--limit", self.app, program=program, folder=folder, health_timeout="2s"), 1)
        self.assertIn("not healthy", failed.stdout + failed.stderr)
        self.assertEqual(self.certificate_in_use(), [second])
        self.assertFalse(self.lab.page_is_on(self.app))
        writer.stop()
        self.assertEqual(set(self.lab.journal.target_states(2).values()), {"rolled_back"})
        self.assert_ledger_complete(self.app, writer)
        self.assertEqual(len(os.listdir(os.path.join(folder, self.app))), 3, "what was taken back left something behind")

    # Collations

    def index_files(self, database):
        return dict(line.split("|") for line in self.lab.psql(self.server, "SELECT indexrelid::regclass, pg_relation_filenode(indexrelid) FROM pg_index WHERE indrelid = 'words'::regclass", database))

    def test_collations_that_changed_are_rebuilt_and_recorded(self):
        lab = self.lab
        lab.psql(self.server, "CREATE ROLE tenant LOGIN")
        lab.psql(self.server, "CREATE DATABASE sorted OWNER tenant LOCALE_PROVIDER icu ICU_LOCALE 'en-US' TEMPLATE template0")
        lab.psql(self.server, """
            SET ROLE tenant;
            CREATE TABLE words (id integer PRIMARY KEY, english text, german text COLLATE "de-x-icu", bytes text COLLATE "C", french text COLLATE "fr-x-icu");
            INSERT INTO words SELECT n, n, n, n, n FROM generate_series(1, 5) n;
            CREATE FUNCTION spelled(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN
                RAISE LOG ''spelled for %'', session_user;
                IF current_setting(''application_name'') LIKE ''pgconvoy%'' THEN PERFORM pg_sleep(0.1); END IF;
                RETURN $1; END';
            CREATE INDEX english ON words (english); CREATE INDEX german ON words (german); CREATE INDEX bytes ON words (bytes); CREATE INDEX french ON words (french);
            CREATE INDEX part ON words (id) WHERE german > 'x'; CREATE INDEX spelling ON words (spelled(german))""", "sorted")
        lab.psql(self.server, """
            SET allow_system_table_mods = on;
            UPDATE pg_database SET datcollversion = '1' WHERE datname = 'sorted';
            UPDATE pg_collation SET collversion = '1' WHERE collname = 'de-x-icu'""", "sorted")
        fleet = self.read_fleet()
        fleet["instances"]["sorted-db"] = {"server": self.server, "database": "sorted", "role": "tenant", "state": "provisioned"}
        path = lab.path("fleet-sorted.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file)
        before = self.index_files("sorted")
        log = lab.path("servers", self.server, "server.log")
        logged = os.path.getsize(log)
        with lab.start(*self.words_for("rebuild-after-collation-change", "--limit", "sorted-db", fleet=path)) as running:
            wait_for("an index to be half built", lambda: lab.psql(self.server, "SELECT 1 FROM pg_class WHERE relname ~ '^spelling_ccnew'", "sorted"))
            running.signal(signal.SIGKILL)
            _, output = running.finish()
        self.assertIn("in place, on postgresql-database-15", output)
        self.assertIn("no application is paused", output)
        self.assert_exit(lab.run("resume", "r1"), 0)
        after = self.index_files("sorted")
        self.assertEqual({name for name in before if before[name] != after[name]}, {"english", "german", "part", "spelling"})
        with open(log, encoding="utf-8") as file:
            file.seek(logged)
            spelled_for = set(re.findall(r"spelled for (\S+)", file.read()))
        self.assertTrue(spelled_for)
        self.assertTrue(all(re.fullmatch(r"pgconvoy_\w+_owner1", name) for name in spelled_for), spelled_for)
        self.assertEqual(lab.psql(self.server, "SELECT count(*) FROM pg_index WHERE NOT indisvalid", "sorted"), ["0"])
        self.assertEqual(lab.psql(self.server, """
            SELECT datcollversion = pg_database_collation_actual_version(oid) FROM pg_database WHERE datname = 'sorted'
            UNION ALL SELECT collversion = pg_collation_actual_version(oid) FROM pg_collation WHERE collname = 'de-x-icu'""", "sorted"), ["t", "t"])
        self.assertEqual(lab.leftovers(self.server), [])
        # Nothing is left to do.
        again = self.assert_exit(self.carry_out("rebuild-after-collation-change", "--limit", "sorted-db", fleet=path), 0)
        self.assertEqual(self.index_files("sorted"), after, again.stdout)

    # Extensions

    def test_extensions_are_updated_over_the_fleet(self):
        lab = self.lab
        databases = [each["database"] for each in lab.record["databases"]]
        for database in databases:
            lab.psql(self.server, "CREATE SCHEMA more; CREATE EXTENSION cube VERSION '1.2' SCHEMA more", database)
        versions = "SELECT extversion = default_version FROM pg_extension JOIN pg_available_extensions ON name = extname WHERE extname = 'cube'"
        self.assert_exit(self.carry_out("update-extensions", extension="cube"), 0)
        for database in databases:
            self.assertEqual(lab.psql(self.server, versions, database), ["t"])
        self.assertEqual(set(lab.journal.target_states().values()), {"succeeded"})
        # cube has no scripts that lead back: that is said, and nothing is half undone.
        target = next(iter(lab.journal.target_states()))
        self.assert_exit(lab.run("rollback", "r1", target, "--yes"), 1)
        self.assertEqual(lab.journal.target_states()[target], "stuck")
        status = lab.run("status", "r1", target).stdout
        self.assertIn("has no script that leads back to 1.2", status)
        self.assertNotIn("old one", status)
        self.assert_exit(lab.run("retry", "r1", target), 0)
        self.assertEqual(lab.journal.target_states()[target], "succeeded")
        # A version that isn't offered is refused before anything is touched.
        refused = self.assert_exit(self.carry_out("update-extensions", extension="cube", version="9.9"), 1)
        self.assertIn("there is no way from version", refused.stdout + refused.stderr)

    # A server of the same service

    def test_leaving_a_server(self):
        lab = self.lab
        unsaid = lab.run("plan", "-f", lab.fleet, "--runbook", "postgres-upgrade", "--set", f"from={SERVICE}", "--set", f"to={SERVICE}")
        self.assert_exit(unsaid, 2)
        self.assertIn("doesn't say which server is to be left", unsaid.stderr)
        wrong = self.carry_out("leave-server", server="eu-west-pg51")
        self.assert_exit(wrong, 2)
        self.assertIn("the fleet has no such server", wrong.stderr)
        writer = lab.start_writer(self.app)
        done = self.assert_exit(self.carry_out("leave-server", server=self.server, retention=0), 0)
        self.assertIn(f"from server {self.server} to another of {SERVICE}", done.stdout)
        writer.stop()
        # Of a target whose application isn't ours the old database waits, fenced, until somebody says that it was bound anew.
        self.assertEqual([name for name in lab.user_databases(self.server) if name != "sorted" and not name.startswith("pgconvoy_")], [])
        self.assertEqual(sorted(lab.user_databases(self.other)), sorted(each["database"] for each in lab.record["databases"]))
        self.assert_healthy_on(self.app, 15)
        self.assert_ledger_complete(self.app, writer)
