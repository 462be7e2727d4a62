"""What an operator does besides the big run: a pair of servers without a file, discover, cleanup, backups, passwords, JSON."""
import hashlib
import json
import os
import re
import socket
import subprocess
import unittest

import yaml

from .support import RUNBOOK, SECONDS_AT_MOST, ScenarioTest

USAGE, BLOCKED = 2, 4

# Name, number of rows and a digest of them for each table; materialized views aren't among them, a restore refreshes them.
ROWS = """SELECT format('%I.%I', s.nspname, c.relname), x.n, x.content
    FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace,
         xmltable('/row' PASSING query_to_xml(format('SELECT count(*) AS n, md5(string_agg(t::text, E''\\n'' ORDER BY t::text COLLATE "C")) AS content
                                                      FROM ONLY %I.%I t', s.nspname, c.relname), true, true, '')
                  COLUMNS n bigint, content text) x
    WHERE c.relkind IN ('r', 'p') AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema' ORDER BY format('%I.%I', s.nspname, c.relname) COLLATE "C" """


class OperatorTest(ScenarioTest):
    """One region. Each test has databases and a journal of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def make_database(self, name):
        """On the old server, with rows, owned by a role of the same name whose password is password_of(name). It stays: dropping one takes long."""
        self.lab.psql(self.old, f"SET password_encryption = 'scram-sha-256'; CREATE ROLE {name} LOGIN PASSWORD '{password_of(name)}'")
        self.lab.psql(self.old, f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0")
        self.lab.psql(self.old, f"""SET ROLE {name}; CREATE TABLE entries (id serial PRIMARY KEY, text text NOT NULL);
                                    INSERT INTO entries (text) SELECT md5('{name}' || n) FROM generate_series(1, 50) n""", name)

    def rows(self, server, database):
        return self.lab.psql(server, ROWS, database)

    def oids(self, server):
        return dict(line.rsplit("|", 1) for line in self.lab.psql(server, "SELECT datname, oid FROM pg_database"))

    def pair(self, *databases):
        """Arguments instead of a fleet file."""
        return ("--source", self.lab.url(self.old), "--target", self.lab.url(self.new), *[text for glob in databases for text in ("--database", glob)])

    def move(self, glob, *more):
        return self.assert_exit(self.lab.run("run", *self.pair(glob), *more, "--yes"), 0)

    def resolve(self, target):
        self.assert_exit(self.lab.run("resolve", "r1", target, "--as", "done", "--reason", "bound by the test"), 0)

    def fenced(self):
        """Database -> the name under which it waits."""
        return {each["database"]: each["fenced_name"] for target in self.lab.json("status", "r1")["targets"] for each in target["fenced"]}

    def obligations(self, *arguments):
        return {each["database"]: each for each in self.lab.json("cleanup", *arguments)["obligations"]}


def password_of(name):
    return f"word-of-{name}-4711"


class PairTest(OperatorTest):
    """A pair of servers, no fleet file, nobody's application: what is kept until when, and what drops it."""
    laboratory_options = {"regions": 1, "databases": 1, "apps": 0, "seed": 51}

    def test_pair_moves_what_matches_and_hands_over_without_password(self):
        moved = ("moved_one", "moved_two")
        for name in (*moved, "stays"):
            self.make_database(name)
        before, rows = self.lab.catalogs(), {name: self.rows(self.old, name) for name in moved}
        self.assertTrue(all(rows.values()))
        done = self.move("moved_*")

        for name in moved:
            with self.subTest(name):
                self.assertRegex(done.stdout, rf"(?m) {re.escape(self.lab.url(self.new, name, name))}$")
                self.assertNotIn(password_of(name), done.stdout + done.stderr)
                self.assertEqual(self.rows(self.new, name), rows[name])
                # The address that was handed over and the password that the owner has are enough.
                seen = subprocess.run(["psql", "-X", "-At", "-c", "SELECT count(*) FROM entries", self.lab.url(self.new, name, name)],
                                      capture_output=True, text=True, check=False, env={**self.lab.environment(), "PGPASSWORD": password_of(name)},
                                      timeout=SECONDS_AT_MOST)
                self.assertEqual((seen.stdout.strip(), seen.stderr), ("50", ""))
        # All else is as it was, on both servers.
        fenced = self.fenced()
        self.assertEqual(set(fenced), set(moved))
        for server, mine in ((self.old, set(fenced.values())), (self.new, set(moved))):
            after = self.lab.catalog(server)
            for kind, names in (("databases", {*mine, *moved}), ("roles", set(moved) if server == self.new else set())):
                self.assertEqual([line for line in after[kind] if line.split("|")[0] not in names],
                                 [line for line in before[server][kind] if line.split("|")[0] not in names], f"{kind} of {server}")
            self.assertEqual(mine - set(self.oids(server)), set())
        self.assertIn("stays", self.lab.user_databases(self.old))
        for name in fenced.values():
            self.assertEqual(self.lab.psql(self.old, f"SELECT datallowconn FROM pg_database WHERE datname = '{name}'"), ["f"])

    def test_cleanup_waits_for_the_confirmation_then_for_the_retention(self):
        self.make_database("patient")
        self.move("patient")
        kept = self.oids(self.old)
        shown = self.assert_exit(self.lab.run("cleanup", "--dry-run"), 0).stdout
        self.assertRegex(shown, r"patient .*waits for pgconvoy resolve")
        self.assertFalse(self.obligations("--dry-run")["patient"]["is_due"])
        self.assert_exit(self.lab.run("cleanup"), 0)
        self.assertEqual(self.oids(self.old), kept)

        self.resolve("default-patient")
        self.assertRegex(self.assert_exit(self.lab.run("cleanup"), 0).stdout, r"patient .*kept until \d{4}-\d\d-\d\d")
        self.assertEqual(self.oids(self.old), kept)
        self.assert_journal_clean()

    def test_cleanup_drops_exactly_what_was_confirmed_and_its_backup_stays(self):
        for name in ("confirmed", "confirmed_not"):
            self.make_database(name)
        rows = self.rows(self.old, "confirmed")
        self.move("confirmed*", "--set", "retention=0")
        fenced, kept, on_new = self.fenced(), self.oids(self.old), self.oids(self.new)
        # A retention of nothing doesn't replace the word of the operator.
        self.assert_exit(self.lab.run("cleanup"), 0)
        self.assertEqual(self.oids(self.old), kept)

        self.resolve("default-confirmed")
        due = self.obligations("--dry-run")
        self.assertEqual({name: each["is_due"] for name, each in due.items()}, {"confirmed": True, "confirmed_not": False})
        self.assertEqual(self.oids(self.old), kept, "a dry run dropped something")
        self.assert_exit(self.lab.run("cleanup"), 0)
        del kept[fenced["confirmed"]]
        self.assertEqual(self.oids(self.old), kept)
        self.assertEqual(self.oids(self.new), on_new)
        self.assertEqual(set(self.obligations("--dry-run")), {"confirmed_not"})
        self.assert_exit(self.lab.run("cleanup"), 0)
        self.assertEqual(self.oids(self.old), kept, "the second cleanup dropped more")
        self.assert_journal_clean()

        self.lab.psql(self.new, "CREATE DATABASE confirmed_again OWNER confirmed TEMPLATE template0")
        self.assert_exit(self.lab.run("backups", "restore", "r1/default-confirmed", "--to", self.lab.url(self.new, "confirmed_again")), 0)
        self.assertEqual(self.rows(self.new, "confirmed_again"), rows)

    def test_cleanup_leaves_another_database_under_the_fenced_name(self):
        for name in ("replaced", "replaced_not"):
            self.make_database(name)
        self.move("replaced*", "--set", "retention=0")
        confirmed = self.assert_exit(self.lab.run("resolve", "r1", "--all", "--as", "done", "--reason", "both bound by the test"), 0)
        self.assertIn("2 bindings of 2 targets confirmed", confirmed.stdout)
        self.assert_exit(self.lab.run("resolve", "r1", "--all", "--as", "done", "--reason", "again"), 2)
        self.assert_exit(self.lab.run("resolve", "r1", "default-replaced", "--all", "--as", "done", "--reason", "both"), 2)
        fenced = self.fenced()
        self.lab.psql(self.old, f"DROP DATABASE {fenced['replaced']}")
        self.lab.psql(self.old, f"CREATE DATABASE {fenced['replaced']} OWNER replaced TEMPLATE template0")
        self.lab.psql(self.old, "CREATE TABLE somebody_elses AS SELECT 1 AS id", fenced["replaced"])
        kept = self.oids(self.old)

        done = self.lab.run("cleanup")
        self.assert_exit(done, 1)
        self.assertRegex(done.stdout + done.stderr, rf"{fenced['replaced']}\W.*another database.*{kept[fenced['replaced']]}.*nothing was changed")
        # One that can't be dropped doesn't keep the others from it.
        del kept[fenced["replaced_not"]]
        self.assertEqual(self.oids(self.old), kept)
        self.assertEqual(self.lab.psql(self.old, "SELECT id FROM somebody_elses", fenced["replaced"]), ["1"])
        self.assertEqual(set(self.obligations("--dry-run")), {"replaced"})

    def test_cleanup_leaves_a_fenced_database_that_was_renamed(self):
        self.make_database("renamed")
        self.move("renamed", "--set", "retention=0")
        self.resolve("default-renamed")
        self.lab.psql(self.old, f"ALTER DATABASE {self.fenced()['renamed']} RENAME TO kept_by_hand")
        kept = self.oids(self.old)
        done = self.lab.run("cleanup")
        self.assertEqual(self.oids(self.old), kept)
        # It is there, so "dropped" would be a lie.
        self.assert_exit(done, 1)
        self.assertIn("kept_by_hand", done.stdout + done.stderr)
        self.assertEqual(set(self.obligations("--dry-run")), {"renamed"})

    def test_no_password_says_how_to_give_one(self):
        self.make_database("locked")
        before = self.lab.catalogs()
        for command in ("check", "run"):
            with self.subTest(command):
                done = self.lab.run(command, *self.pair("locked"), *(("--yes",) if command == "run" else ()),
                                    environment={"PGPASSFILE": self.lab.path("no-such-file")})
                self.assertIn(done.returncode, (USAGE, BLOCKED), done.stdout + done.stderr)
                self.assertRegex(done.stdout + done.stderr, "no password supplied")
                for way in ("PGCONVOY_SOURCE_PASSWORD", "PGPASSFILE"):
                    self.assertIn(way, done.stdout + done.stderr)
        self.assertEqual(self.lab.catalogs(), before)


class PasswordTest(OperatorTest):
    """Every documented way to give a password: a check works with it, a run where it reaches child processes in a way of its own, and it is
    nowhere to be seen."""
    laboratory_options = {"regions": 1, "databases": 1, "apps": 0, "seed": 52}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # One administrator with a password for each server: giving the one to the other fails.
        cls.words = {cls.old: "word-of-the-old-5813", cls.new: "word-of-the-new-2134"}
        for server, word in cls.words.items():
            cls.lab.psql(server, f"SET password_encryption = 'scram-sha-256'; CREATE ROLE operator SUPERUSER LOGIN PASSWORD '{word}'")
        for server in cls.words:
            cls.lab.psql(server, "SET password_encryption = 'scram-sha-256'; CREATE ROLE twin SUPERUSER LOGIN PASSWORD 'word-of-both-8946'")
        cls.record_children()

    @classmethod
    def private_file(cls, name, text, mode=0o600):
        path = cls.lab.file(name, text)
        os.chmod(path, mode)
        return path

    @classmethod
    def record_children(cls):
        """pg_dump and pg_restore that write down the command line under which /proc shows them, then do what they should."""
        cls.programs, cls.command_lines = os.path.join(cls.lab.base, "programs"), os.path.join(cls.lab.base, "command-lines")
        os.makedirs(cls.programs)
        for name in ("pg_dump", "pg_restore"):
            path = os.path.join(cls.programs, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n(tr '\\0' ' ' < /proc/$$/cmdline; echo) >> "
                           f"'{cls.command_lines}'\nexec '{cls.lab.record['servers'][cls.new]['bin']}/{name}' \"$@\"\n")
            os.chmod(path, 0o755)

    def setUp(self):
        super().setUp()
        self.database = re.sub("^test_", "", self.id().rsplit(".", 1)[1])
        self.make_database(self.database)
        with open(self.command_lines, "w", encoding="utf-8"):
            pass

    def assert_check_works_unseen(self, *arguments, **environment):
        """No password in what it says or in a child's command line."""
        environment = {"PGPASSFILE": self.lab.path("no-such-file"), "PGCONVOY_BINDIR": self.programs, **environment}
        done = self.assert_exit(self.lab.run("check", *arguments, "-v", environment=environment), 0)
        self.assert_unseen({"output": done.stdout + done.stderr, "command lines": self.recorded("pg_dump")})

    def assert_works_unseen(self, *arguments, **environment):
        """A check, then a run; no password in the journal either."""
        self.assert_check_works_unseen(*arguments, **environment)
        environment = {"PGPASSFILE": self.lab.path("no-such-file"), "PGCONVOY_BINDIR": self.programs, **environment}
        rows = self.rows(self.old, self.database)
        done = self.assert_exit(self.lab.run("run", *arguments, "-v", "--yes", environment=environment), 0)
        self.assertEqual(self.rows(self.new, self.database), rows)
        [hand_over] = self.lab.json("report", "r1")["hand_overs"]
        self.assertEqual(hand_over["new_urls"], [self.lab.url(self.new, self.database, self.database)])

        texts = {"output": done.stdout + done.stderr, "command lines": self.recorded("pg_dump", "pg_restore"),
                 "events": self.lab.run("events", "--output", "jsonl").stdout, "report": self.lab.run("report", "--output", "json").stdout}
        self.assertIn(self.database, texts["events"])
        journal = os.path.basename(self.lab.journal.path)
        for name in os.listdir(self.lab.base):
            if name.startswith(journal):
                with open(os.path.join(self.lab.base, name), "rb") as file:
                    texts[name] = file.read().decode("latin-1")
        self.assert_unseen(texts)

    def recorded(self, *programs):
        with open(self.command_lines, encoding="utf-8") as file:
            lines = file.read()
        for program in programs:
            self.assertRegex(lines, rf"{self.programs}/{program} .*--", "it was not recorded")
        return lines

    def assert_unseen(self, texts):
        with open(self.lab.path("secrets", "admin.password"), encoding="utf-8") as file:
            secrets = [*self.words.values(), "word-of-both-8946", password_of(self.database), file.read().strip(), "SCRAM-SHA-256$"]
        for where, text in texts.items():
            for secret in secrets:
                self.assertNotIn(secret, text, f"a secret is in {where}")

    def urls(self, user="operator", more=""):
        return ("--source", self.lab.url(self.old, user=user) + more, "--target", self.lab.url(self.new, user=user) + more,
                "--database", self.database)

    def passfile(self):
        ports = {server: self.lab.record["servers"][server]["port"] for server in self.words}
        return self.private_file("passfile", "".join(f"127.0.0.1:{ports[server]}:*:operator:{word}\n" for server, word in self.words.items()))

    def fleet_with(self, **passwords):
        """Arguments: a fleet file of this database in which each server has a password of this kind; {} becomes its id."""
        fleet = self.read_fleet()
        target = f"{self.database}-live"
        fleet["instances"] = {f"{target}-db": {"server": self.old, "database": self.database, "role": self.database}}
        fleet["environments"] = {target: {"region": "eu-west", "application": self.database, "bindings": [{"instance": f"{target}-db"}]}}
        for server in self.words:
            fleet["servers"][server].update(url=self.lab.url(server, user="operator"), password=filled_in(passwords, server))
        return "-f", self.lab.file(f"{self.database}.yaml", yaml.safe_dump(fleet)), "--runbook", RUNBOOK

    # libpq's own ways

    def test_variable_of_libpq(self):
        self.assert_works_unseen(*self.urls("twin"), PGPASSWORD="word-of-both-8946")

    def test_passfile_of_libpq(self):
        self.assert_works_unseen(*self.urls(), PGPASSFILE=self.passfile())

    def test_passfile_in_the_url(self):
        self.assert_works_unseen(*self.urls(more=f"?passfile={self.passfile()}"))

    def test_service_file(self):
        services = "".join(f"[{server}]\nhost=127.0.0.1\nport={self.lab.record['servers'][server]['port']}\nuser=operator\ndbname=postgres\n"
                           f"password={word}\n" for server, word in self.words.items())
        self.assert_works_unseen("--source", f"service={self.old}", "--target", f"service={self.new}", "--database", self.database,
                                 PGSERVICEFILE=self.private_file("services", services))

    # Ours

    def test_variables_of_pgconvoy(self):
        self.assert_check_works_unseen(*self.urls(), PGCONVOY_SOURCE_PASSWORD=self.words[self.old], PGCONVOY_TARGET_PASSWORD=self.words[self.new])

    def test_env_in_the_fleet_file(self):
        variables = {f"WORD_{server.replace('-', '_')}": word for server, word in self.words.items()}
        self.assert_check_works_unseen(*self.fleet_with(env="WORD_{}"), **variables)

    def test_file_in_the_fleet_file(self):
        for server, word in self.words.items():
            self.private_file(f"word_{server.replace('-', '_')}", f"{word}\nanother line\n")
        self.assert_check_works_unseen(*self.fleet_with(file=os.path.join(self.lab.base, "word_{}")))

    def test_passfile_in_the_fleet_file(self):
        self.assert_check_works_unseen(*self.fleet_with(passfile=self.passfile()))

    def test_command_in_the_fleet_file(self):
        cases = "".join(f"{server.replace('-', '_')}) echo '{word}';; " for server, word in self.words.items())
        path = self.private_file("vault", f"#!/bin/sh\necho \"asked for $1\" >&2\ncase $1 in {cases}esac\n", 0o700)
        self.assert_works_unseen(*self.fleet_with(command=[path, "{}"]))

    def test_command_that_fails_is_not_repeated(self):
        path = self.private_file("broken_vault", f"#!/bin/sh\necho 'half of {self.words[self.old]}' >&2\nexit 3\n", 0o700)
        done = self.lab.run("check", *self.fleet_with(command=[path, "argument-of-the-vault", "{}"]))
        self.assertIn(done.returncode, (USAGE, BLOCKED), done.stdout + done.stderr)
        self.assertIn("broken_vault", done.stdout + done.stderr)
        for secret in (self.words[self.old], "argument-of-the-vault"):
            self.assertNotIn(secret, done.stdout + done.stderr)


def filled_in(value, server):
    """The value with {} replaced by the server's id as a name of a variable, in all texts of it."""
    if isinstance(value, dict):
        return {key: filled_in(each, server) for key, each in value.items()}
    if isinstance(value, list):
        return [filled_in(each, server) for each in value]
    return value.replace("{}", server.replace("-", "_"))


class FleetTest(OperatorTest):
    """With the laboratory's own databases: an application, many types, hostile names."""
    laboratory_options = {"regions": 1, "databases": 4, "apps": 1, "seed": 53}

    def database(self, environment):
        return self.lab.database_of(environment)["database"]

    # Discover

    def test_discovered_fleet_is_good_and_runs(self):
        self.make_database("found_by_chance")
        self.make_database("closed_by_hand")
        self.lab.psql(self.old, "ALTER DATABASE closed_by_hand ALLOW_CONNECTIONS false")
        before = self.lab.catalogs()
        found = self.assert_exit(self.lab.run("fleet", "discover", "--source", self.lab.url(self.old), "--target", self.lab.url(self.new)), 0)
        self.assertEqual(self.lab.catalogs(), before)
        fleet = yaml.safe_load(found.stdout)
        there = dict(line.rsplit("|", 1) for line in self.lab.psql(self.old, r"""
            SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' AND datname !~ '^pgconvoy_'"""))
        # What another test has moved is found on the new server; it is no business of this one.
        mine = [each for each in fleet["instances"].values() if each["server"] == "source"]
        self.assertEqual({each["database"]: each["role"] for each in mine}, there)
        self.assertEqual({each["database"] for each in mine if each["state"] != "provisioned"}, {"closed_by_hand"})

        path = self.lab.file("discovered.yaml", found.stdout)
        self.assert_exit(self.lab.run("fleet", "validate", path), 0)
        hostile = self.database("forum-live")
        [target] = [name for name, each in fleet["environments"].items()
                    if fleet["instances"][each["bindings"][0]["instance"]]["database"] == hostile]
        rows = {name: self.rows(self.old, name) for name in ("found_by_chance", hostile)}
        done = self.lab.migrate("-f", path, "--limit", target, "--limit", "*found-by-chance")
        self.assert_exit(done, 0)
        self.assertEqual(set(self.lab.journal.target_states().values()), {"succeeded"})
        self.assertEqual(len(self.lab.journal.target_states()), 2)
        for name, content in rows.items():
            self.assertEqual(self.rows(self.new, name), content)
        left = set(self.lab.user_databases(self.old)) - set(self.lab.leftovers(self.old))
        self.assertEqual(left, set(there) - set(rows))
        # Fenced databases are ours, nobody's to move.
        again = self.lab.json("fleet", "discover", "--source", self.lab.url(self.old), "--target", self.lab.url(self.new))
        self.assertEqual({each["database"] for each in again["fleet"]["instances"] if each["server"] == "source"}, left)
        self.assert_healthy_on("shop-live", self.major_of_shop())

    def major_of_shop(self):
        return 13 if "shop_live" in self.lab.user_databases(self.old) else 15

    # Retention

    def test_retention_of_nothing_drops_the_old_database_at_once_and_nothing_else(self):
        application, database = "shop-live", self.database("shop-live")
        before, on_new = self.lab.catalogs(), self.lab.user_databases(self.new)
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        done = self.lab.migrate("--limit", application, "--set", "retention=0s")
        self.assert_exit(done, 0)
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)

        self.assertEqual(self.lab.catalog(self.old), {"roles": before[self.old]["roles"], "databases": [
            line for line in before[self.old]["databases"] if not line.startswith(f"{database}|")]})
        self.assertEqual(self.lab.user_databases(self.new), sorted([*on_new, database]))
        self.assertIn("nothing waits", self.assert_exit(self.lab.run("cleanup", "--dry-run"), 0).stdout)
        [target] = self.lab.json("status", "r1")["targets"]
        self.assertTrue(target["old_database_dropped"])
        # There is no way back any more: said before the page goes on.
        refused = self.lab.run("rollback", "r1", application, "--yes")
        self.assertNotEqual(refused.returncode, 0)
        self.assertRegex(refused.stdout + refused.stderr, "dropped already")
        self.assertEqual(self.lab.journal.target_states(), {application: "succeeded"})
        self.assert_healthy_on(application, 15)
        self.assert_journal_clean()

    # Backups

    def test_backup_is_restored_with_all_rows_and_a_changed_one_is_refused(self):
        database = self.database("billing-live")
        rows = self.rows(self.old, database)
        self.assertGreater(len(rows), 3)
        self.assert_exit(self.lab.migrate("--limit", "billing-live"), 0)
        [backup] = self.lab.json("backups", "list")["backups"]
        self.assertIn(backup["id"], self.assert_exit(self.lab.run("backups", "list"), 0).stdout)
        with open(backup["file"], "rb") as file:
            good = file.read()
        self.assertEqual((backup["database"], backup["bytes"], backup["sha256"]), (database, len(good), hashlib.sha256(good).hexdigest()))

        for name in ("billing_again", "billing_spoilt"):
            self.lab.psql(self.new, f"CREATE DATABASE {name} TEMPLATE template0")
            self.addCleanup(self.lab.psql, self.new, f"DROP DATABASE {name}")
        moved = self.oids(self.new)
        self.assert_exit(self.lab.run("backups", "restore", backup["id"], "--to", self.lab.url(self.new, "billing_again")), 0)
        self.assertEqual(self.rows(self.new, "billing_again"), rows)

        again = self.lab.run("backups", "restore", backup["id"], "--to", self.lab.url(self.new, "billing_again"))
        self.assert_exit(again, USAGE)
        self.assertIn("already", again.stderr)
        self.assertEqual(self.rows(self.new, "billing_again"), rows)

        copy = os.path.join(self.lab.base, "billing.dump")
        spoilt = bytearray(good)
        spoilt[len(spoilt) // 2] ^= 1
        self.write(backup["file"], spoilt)
        for arguments in (("restore", backup["id"], "--to", self.lab.url(self.new, "billing_spoilt")), ("export", backup["id"], copy)):
            with self.subTest(arguments[0]):
                done = self.lab.run("backups", *arguments)
                self.assert_exit(done, USAGE)
                self.assertIn("sha256", done.stderr)
        self.assertEqual(self.rows(self.new, "billing_spoilt"), [])
        self.assertFalse(os.path.exists(copy))
        self.assertEqual(self.oids(self.new), moved)

        self.write(backup["file"], good)
        self.assert_exit(self.lab.run("backups", "restore", backup["id"], "--to", self.lab.url(self.new, "billing_spoilt")), 0)
        self.assertEqual(self.rows(self.new, "billing_spoilt"), rows)

    def write(self, path, content):
        with open(path, "r+b") as file:
            file.write(content)

    # JSON

    def test_doctor_check_and_plan_in_json(self):
        target = "archive-test"
        before = self.lab.catalogs()
        with self.subTest("doctor"):
            done = self.assert_exit(self.lab.run("doctor", "-f", self.lab.fleet, "--output", "json"), 0)
            document = json.loads(done.stdout)
            self.assertEqual((document["version"], document["kind"]), (1, "doctor"))
            self.assertEqual({check["what"] for check in document["checks"]} & {f"server {self.old}", f"server {self.new}"},
                             {f"server {self.old}", f"server {self.new}"})
            self.assertNotIn("BAD", {check["verdict"] for check in document["checks"]})
        with self.subTest("check"):
            done = self.assert_exit(self.lab.run("check", *self.lab.fleet_arguments("--limit", target), "--output", "json"), 0)
            document = json.loads(done.stdout)
            self.assertEqual((document["version"], document["kind"]), (1, "check"))
            self.assertEqual([(each["id"], each["blocked"]) for each in document["targets"]], [(target, False)])
        with self.subTest("plan"):
            done = self.assert_exit(self.lab.run("plan", *self.lab.fleet_arguments("--limit", target), "--output", "json"), 0)
            document = json.loads(done.stdout)
            self.assertEqual((document["version"], document["kind"], document["run"]), (1, "plan", "r1"))
            [planned] = document["targets"]
            self.assertEqual(planned["target"]["id"], target)
            self.assertEqual(document["totals"]["blocked"], 0)
            self.assertTrue(planned["steps"])
            self.assertTrue(all(step["seconds"] >= 0 for step in planned["steps"]))
        self.assertEqual(self.lab.catalogs(), before)

    def test_doctor_check_and_plan_in_json_when_it_does_not_go(self):
        target = "archive-test"
        self.lab.psql(self.new, f"CREATE DATABASE {self.database(target)}")
        self.addCleanup(self.lab.psql, self.new, f"DROP DATABASE {self.database(target)}")
        before = self.lab.catalogs()
        with self.subTest("check"):
            done = self.assert_exit(self.lab.run("check", *self.lab.fleet_arguments("--limit", target), "--output", "json"), BLOCKED)
            [checked] = json.loads(done.stdout)["targets"]
            self.assertTrue(checked["blocked"])
            self.assertEqual({finding["condition"] for finding in checked["findings"] if finding["severity"] == "block"},
                             {"target_database_absent"})
        with self.subTest("plan"):
            # The plan that shows why nothing of it can be carried out is there all the same.
            done = self.assert_exit(self.lab.run("plan", *self.lab.fleet_arguments("--limit", target), "--output", "json"), BLOCKED)
            self.assertEqual(json.loads(done.stdout)["totals"]["blocked"], 1)
        with self.subTest("doctor"), socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
            fleet = self.read_fleet()
            fleet["servers"][self.new]["url"] = f"postgresql://postgres@127.0.0.1:{nobody.getsockname()[1]}/postgres"
            path = self.lab.path("unreachable.yaml")
            with open(path, "w", encoding="utf-8") as file:
                yaml.safe_dump(fleet, file, allow_unicode=True)
            done = self.assert_exit(self.lab.run("doctor", "-f", path, "--output", "json"), BLOCKED)
            self.assertEqual([check["what"] for check in json.loads(done.stdout)["checks"] if check["verdict"] == "BAD"], [f"server {self.new}"])
        self.assertEqual(self.lab.catalogs(), before)


if __name__ == "__main__":
    unittest.main()
