"""What a move must carry over: roles and passwords, every byte, statistics, every variable; and what it must leave alone."""
import json
import os
import signal
import subprocess
import unittest
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from .support import SECONDS_AT_MOST, ScenarioTest, wait_for

BLOCKED = 4
ANALYZE = "analyze_restored_services"

# Everything about a role except its memberships; what it is called in front.
ROLES = """SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls,
    r.rolconnlimit, r.rolvaliduntil, a.rolpassword, shobj_description(r.oid, 'pg_authid'),
    (SELECT s.setconfig FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0),
    (SELECT array_agg(s.setconfig) FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase <> 0)
    FROM pg_roles r JOIN pg_authid a USING (oid) WHERE r.rolname !~ '^pg_' AND r.rolname <> 'postgres'"""
MEMBERSHIPS = """SELECT member::regrole, roleid::regrole, admin_option FROM pg_auth_members
    WHERE member::regrole::text !~ '^"?pg'"""
# A JSON array for each table, its children's rows left out. A name may hold a line break. A materialized view isn't among
# them: restored, it is refreshed, and an outdated one becomes new.
ROWS = """SELECT json_build_array(format('%I.%I', s.nspname, c.relname), c.relkind, x.n, x.content)
    FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace,
         xmltable('/row' PASSING query_to_xml(format('SELECT count(*) AS n, md5(string_agg(t::text, E''\\n'' ORDER BY t::text COLLATE "C")) AS content
                                                      FROM ONLY %I.%I t', s.nspname, c.relname), true, true, '')
                  COLUMNS n bigint, content text) x
    WHERE c.relkind IN ('r', 'p') AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema'
    ORDER BY format('%I.%I', s.nspname, c.relname) COLLATE "C" """
# Tables with rows of which nothing is known. What is known of a table with its children is kept apart.
NOT_ANALYZED = """SELECT format('%I.%I', s.nspname, c.relname), c.relkind, k.inherited
    FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace CROSS JOIN (VALUES (true, ''), (false, 'ONLY')) k (inherited, word),
         xmltable('/row' PASSING query_to_xml(format('SELECT count(*) AS n FROM %s %I.%I', k.word, s.nspname, c.relname), true, true, '')
                  COLUMNS n bigint) x
    WHERE c.relkind IN ('r', 'p', 'm') AND c.relispopulated AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema'
      AND x.n > 0 AND (c.relhassubclass OR NOT k.inherited)
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget <> 0)
      AND NOT EXISTS (SELECT FROM pg_statistic t WHERE t.starelid = c.oid AND t.stainherit = k.inherited) ORDER BY 1"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def variables_of(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


class CarriedOverTest(ScenarioTest):
    """One region; servers by their names, logins, edited fleet files."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)

    @classmethod
    def sql(cls, server, *statements, database="postgres"):
        for statement in statements:
            cls.lab.psql(server, statement, database)

    @classmethod
    def roles(cls, server):
        """Name -> all that is known of the role."""
        return {line.split("|", 1)[0]: line for line in cls.lab.psql(server, ROLES)}

    def verifier(self, server, role):
        [found] = self.lab.psql(server, f"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'")
        return found

    def login(self, server, role, password, database="postgres", query="SELECT current_user"):
        """(exit code, what psql said) of a login through the server's own pg_hba.conf."""
        environment = {**self.lab.environment(), "PGPASSWORD": password, "PGDATABASE": database, "PGUSER": role, "PGCONNECT_TIMEOUT": "10"}
        done = subprocess.run(["psql", "-X", "-q", "-At", "-w", "-h", "127.0.0.1", "-p", str(self.lab.record["servers"][server]["port"]),
                               "-c", query], capture_output=True, text=True, check=False, env=environment, timeout=SECONDS_AT_MOST)
        return done.returncode, (done.stdout + done.stderr).strip()

    def env_file(self, application):
        return self.lab.path("apps", application, "env")

    def edited_fleet(self, change, path=None):
        """The fleet file (or that of path) after change(its content), beside the original: its paths are relative."""
        with open(path or self.lab.fleet, encoding="utf-8") as file:
            fleet = yaml.safe_load(file)
        change(fleet)
        path = self.lab.path(f"{self.id().rsplit('.', 1)[1]}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file, allow_unicode=True, sort_keys=False)
        return path

    def fleet_with_database(self, server, name, clear_text, **more):
        """A database with one note in it that no environment binds, and a fleet file with instance NAME-db."""
        self.sql(server, f"CREATE ROLE {name} LOGIN PASSWORD '{clear_text}'", f"CREATE DATABASE {name} OWNER {name}")
        self.sql(server, f"SET ROLE {name}; CREATE TABLE notes AS SELECT 1 AS id, 'kept' AS note", database=name)

        def change(fleet):
            fleet["instances"][f"{name}-db"] = {"server": server, "database": name, "role": name, "state": "provisioned", **more}
        return self.edited_fleet(change)


class WholeFleetTest(CarriedOverTest):
    """A database of every shape, moved in one run; then one look after the other."""
    laboratory_options = {"regions": 1, "databases": 8, "apps": 1, "seed": 51}
    passwords = {"shop_batch": "batch-password", "shop_guest": "guest-password"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lab = cls.lab
        cls.sql(cls.old,
                "CREATE ROLE shop_family NOLOGIN CREATEDB",
                "COMMENT ON ROLE shop_family IS 'May read; it''s a group'",
                "GRANT shop_family TO shop_live WITH ADMIN OPTION",
                "ALTER ROLE shop_live CONNECTION LIMIT 17 VALID UNTIL '2097-02-03 04:05:06+00'",
                "ALTER ROLE shop_live SET work_mem = '9MB'",
                """ALTER ROLE shop_live SET search_path = "$user", public, stock""",
                "ALTER ROLE shop_live SET custom.words = 'it''s \"me\", = and \\ too'",
                "ALTER ROLE shop_live IN DATABASE shop_live SET random_page_cost = 1.3",
                "COMMENT ON ROLE shop_live IS 'Owner'",
                "CREATE ROLE shop_batch LOGIN NOINHERIT CREATEROLE BYPASSRLS REPLICATION CONNECTION LIMIT 3 VALID UNTIL 'infinity' "
                f"PASSWORD '{cls.passwords['shop_batch']}'",
                "COMMENT ON ROLE shop_batch IS 'Nightly'",
                "GRANT pg_monitor TO shop_batch",
                f"CREATE ROLE shop_guest LOGIN CONNECTION LIMIT 2 PASSWORD '{cls.passwords['shop_guest']}'",
                "ALTER ROLE shop_guest SET statement_timeout = '7s'",
                "COMMENT ON ROLE shop_guest IS 'By membership only'",
                "GRANT shop_family TO shop_guest")
        cls.sql(cls.old, "GRANT SELECT ON orders TO shop_batch", "GRANT SELECT ON products TO shop_family", database="shop_live")
        # What is analysed on the new server was analysed by the run.
        cls.sql(cls.new, "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
        cls.databases = {each["environment"]: each["database"] for each in lab.record["databases"]}
        cls.before = cls.roles(cls.old)
        cls.memberships = lab.psql(cls.old, MEMBERSHIPS)
        cls.rows = {target: lab.psql(cls.old, ROWS, database) for target, database in cls.databases.items()}
        cls.done = lab.migrate()

    def test_every_shape_moves_and_is_verified(self):
        self.assert_exit(self.done, 0)
        self.assertEqual(self.lab.journal.target_states(), dict.fromkeys(self.databases, "succeeded"))
        targets = {target["id"]: target for target in self.lab.json("report", "r1")["targets"]}
        for target, database in self.databases.items():
            with self.subTest(target):
                rows = sum(count for _, kind, count, _content in map(json.loads, self.rows[target]) if kind == "r")
                self.assertGreater(rows, 0, "the laboratory made an empty database")
                self.assertGreaterEqual(targets[target]["verified"]["rows"], rows)
                self.assertGreater(targets[target]["verified"]["bytes"], 0)
                self.assertEqual(self.lab.psql(self.new, ROWS, database), self.rows[target])
        self.assert_healthy_on("shop-live", 15)
        self.assert_ledger_complete("shop-live")
        self.assert_journal_clean()

    def test_every_table_with_rows_is_analysed(self):
        self.assert_exit(self.done, 0)
        for target, database in self.databases.items():
            with self.subTest(target):
                self.assertEqual(self.lab.psql(self.new, NOT_ANALYZED, database), [])
        # The look itself finds parents, which nothing but an explicit ANALYZE reaches.
        parents = self.lab.psql(self.new, "SELECT count(DISTINCT tablename) FROM pg_stats WHERE inherited AND schemaname = 'history'",
                                self.databases["archive-test"])
        self.assertGreaterEqual(int(parents[0]), 4)

    def test_roles_are_equal_to_their_sources(self):
        self.assert_exit(self.done, 0)
        after = self.roles(self.new)
        for role in ("shop_live", "shop_family", "shop_batch", "reporting", *(each["role"] for each in self.lab.record["databases"])):
            with self.subTest(role):
                self.assertEqual(after.get(role), self.before[role])
        # Whatever else was made is right as well.
        self.assertEqual({role: line for role, line in after.items() if self.before.get(role) != line}, {})
        self.assertEqual(self.roles(self.old), self.before)

    def test_memberships_keep_their_admin_option(self):
        self.assert_exit(self.done, 0)
        carried = set(self.lab.psql(self.new, MEMBERSHIPS))
        for membership in ("shop_live|shop_family|t", "shop_batch|pg_monitor|f", "payroll_live|payroll_live_reader|t"):
            with self.subTest(membership):
                self.assertIn(membership, self.memberships, "the preparation is wrong")
                self.assertIn(membership, carried)
        self.assertEqual({line[:-2] for line in carried} - {line[:-2] for line in self.memberships}, set(), "memberships that were not there before")

    def test_login_that_has_its_rights_by_membership_only(self):
        self.assert_exit(self.done, 0)
        self.assertEqual(self.roles(self.new).get("shop_guest"), self.before["shop_guest"])
        self.assertIn("shop_guest|shop_family|f", self.lab.psql(self.new, MEMBERSHIPS))
        self.assertEqual(self.login(self.new, "shop_guest", self.passwords["shop_guest"], "shop_live", "SELECT count(*) > 0 FROM products"),
                         (0, "t"))

    def test_second_login_role_has_its_password_and_its_rights(self):
        self.assert_exit(self.done, 0)
        password = self.passwords["shop_batch"]
        self.assertEqual(self.login(self.new, "shop_batch", password, "shop_live", "SELECT count(*) > 0 FROM orders"), (0, "t"))
        code, said = self.login(self.new, "shop_batch", password, "shop_live", "SELECT count(*) FROM customers")
        self.assertNotEqual(code, 0, said)
        self.assertIn("permission denied", said)


class PasswordTest(CarriedOverTest):
    """md5 verifiers, which a server that asks for scram-sha-256 refuses, and a role that is there already."""
    laboratory_options = {"regions": 1, "databases": 2, "apps": 2, "seed": 52}

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def set_md5(self, role, password):
        self.sql(self.old, f"SET password_encryption = 'md5'; ALTER ROLE {role} PASSWORD '{password}'")
        self.assertRegex(self.verifier(self.old, role), "^md5")

    def test_md5_password_that_the_binding_knows(self):
        application, role = "shop-live", "shop_live"
        password = unquote(urlsplit(variables_of(read(self.env_file(application)))["DATABASE_URL"]).password)
        # A server that was upgraded for years: it still lets md5 in. The new one doesn't.
        hba = self.lab.path("servers", self.old, "data", "pg_hba.conf")
        content = read(hba)
        with open(hba, "w", encoding="utf-8") as file:
            file.write(f"host all {role} 127.0.0.1/32 md5\n{content}")
        self.sql(self.old, "SELECT pg_reload_conf()")
        self.set_md5(role, password)
        wait_for("the old server to take md5", lambda: self.login(self.old, role, password, role)[0] == 0)
        writer = self.lab.start_writer(application)
        writer.wait_for_more()

        self.assert_exit(self.lab.migrate("--limit", application), 0)
        self.assertEqual(self.lab.journal.target_states(), {application: "succeeded"})
        writer.wait_for_more()
        writer.stop()
        self.assertRegex(self.verifier(self.new, role), r"^SCRAM-SHA-256\$")
        self.assertRegex(self.verifier(self.old, role), "^md5")
        self.assertEqual(self.login(self.new, role, password, role), (0, role))
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)

    def test_md5_password_that_the_fleet_file_knows(self):
        with open(self.lab.path("secrets", "told.password"), "w", encoding="utf-8") as file:
            file.write("told-password\n")
        os.chmod(file.name, 0o600)
        fleet = self.fleet_with_database(self.old, "told", "told-password", password={"file": "secrets/told.password"})
        self.set_md5("told", "told-password")
        self.assert_exit(self.lab.migrate("-f", fleet, "--limit", "told-db"), 0)
        self.assertRegex(self.verifier(self.new, "told"), r"^SCRAM-SHA-256\$")
        self.assertEqual(self.login(self.new, "told", "told-password", "told", "SELECT note FROM notes"), (0, "kept"))

    def test_md5_password_that_nobody_knows(self):
        fleet = self.fleet_with_database(self.old, "untold", "untold-password")
        self.set_md5("untold", "untold-password")
        before = self.lab.catalogs()
        done = self.lab.migrate("-f", fleet, "--limit", "untold-db")
        self.assert_exit(done, BLOCKED)
        self.assertRegex(done.stdout + done.stderr, r"(?s)roles_restorable.*untold.*md5|untold.*roles_restorable")
        self.assertNotIn("untold-password", done.stdout + done.stderr)
        self.assertEqual(self.lab.catalogs(), before)

    def test_role_that_is_there_already_with_another_password(self):
        application, role = "billing-live", "billing_live"
        self.sql(self.new, f"CREATE ROLE {role} LOGIN PASSWORD 'another-one'")
        before = self.lab.catalogs()
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        # Known beforehand; overridden, it is found by the last probe before the pause.
        self.assert_exit(self.lab.migrate("--limit", application), BLOCKED)
        self.lab.use_journal("overridden")
        done = self.lab.migrate("--limit", application, "--override", "roles_restorable=to see it undone")
        writer.wait_for_more()
        writer.stop()
        self.assert_exit(done, 1)
        self.assertEqual(self.lab.journal.target_states(), {application: "rolled_back"})
        self.assertEqual(writer.counts["maintenance"], 0, "the page was on")
        self.assertEqual(writer.counts["refused"], 0)
        self.assertNotIn("page_on", done.stdout)
        [target] = self.lab.json("status", "r1")["targets"]
        self.assertIn(role, target["error"]["message"])
        self.assertRegex(done.stdout + done.stderr, rf'role "?{role}"?.*password')
        self.assertEqual(self.lab.catalogs(), before)
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application, writer)
        self.assert_journal_clean()


class SingleTargetTest(CarriedOverTest):
    """Every byte and every variable of a binding moves or comes back; what the runbook doesn't collect stays."""
    laboratory_options = {"regions": 1, "databases": 4, "apps": 4, "seed": 53}
    VARIABLES = {"DATABASE_URL": "url", "WORKER_URL": "url", "REPLICA_URL": "url", "PGHOST": "host", "PGPORT": "port", "PGUSER": "user",
                 "PGPASSWORD": "password", "PGDATABASE": "database"}

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])
        self.leftovers = self.lab.leftovers(self.new)

    def test_one_changed_byte(self):
        lab, application = self.lab, "archive-test"
        # ANALYZE evaluates the expression of an index: half a second in which to stop the run before it compares.
        self.sql(self.old, """SET ROLE archive_test;
            CREATE TABLE guests AS SELECT n AS id, 'Guest ' || n AS name FROM generate_series(1, 500) n;
            ALTER TABLE guests ADD PRIMARY KEY (id);
            CREATE FUNCTION slow(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep(0.5); RETURN n; END';
            CREATE TABLE slow (n integer); INSERT INTO slow VALUES (1); CREATE INDEX ON slow (public.slow(n))""", database="archive_test")
        before = lab.catalogs()
        writer = lab.start_writer(application)
        writer.wait_for_more()
        with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as run:
            wait_for(f"{ANALYZE} to be started", lambda: lab.journal.is_started(ANALYZE), every=0)
            run.signal(signal.SIGSTOP)
            try:
                self.assertTrue(lab.journal.is_started(ANALYZE), "it was over before the run stood still")
                found = lab.psql(self.new, "SELECT datname FROM pg_database WHERE datname LIKE 'pgconvoy%'")
                [fresh] = [name for name in found if name not in self.leftovers]
                changed = lab.psql(self.new, "UPDATE guests SET name = overlay(name PLACING 'X' FROM 1 FOR 1) WHERE id = 7 RETURNING name", fresh)
                self.assertEqual(changed, ["Xuest 7"])
            finally:
                run.signal(signal.SIGCONT)
            code, output = run.finish()
        self.assertEqual(code, 1, output)
        self.assertEqual(self.lab.journal.target_states(), {application: "rolled_back"})
        [target] = lab.json("report", "r1")["targets"]
        self.assertIn("verify_restored_services", str(target["step"]) + target["reason"])
        for text in (output, target["error"]["message"], lab.run("report", "r1").stdout):
            self.assertRegex(text, r"guests[^\n]*\(id\)=\(7\)")
        writer.wait_for_more()
        writer.stop()
        self.assertGreater(writer.counts["maintenance"], 0)
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(lab.psql(self.old, "SELECT name FROM guests WHERE id = 7", "archive_test"), ["Guest 7"])
        self.assertEqual(lab.catalogs(), before)
        self.assert_journal_clean()

    def set_env_file(self, application, text):
        """In place, so that its owner and mode stay."""
        with open(self.env_file(application), "w", encoding="utf-8") as file:
            file.write(text)

    def test_every_variable_moves_and_comes_back(self):
        # Hostile names and a hostile password: each part is written differently in a URL and on its own.
        lab, application = self.lab, "forum-live"
        original = read(self.env_file(application))
        url = variables_of(original)["DATABASE_URL"]
        parts = urlsplit(url)
        user, password, database = unquote(parts.username), unquote(parts.password), unquote(parts.path[1:])
        self.set_env_file(application, f"""# who reads this: web and worker
{original}
WORKER_URL={url.replace('postgresql://', 'postgres://')}?application_name=worker%201&connect_timeout=4
# the replica is spelled by name
REPLICA_URL={url.replace('@127.0.0.1:', '@localhost:')}?sslmode=prefer
PGHOST=127.0.0.1
PGPORT={parts.port}
PGUSER={user}
PGPASSWORD={password}
PGDATABASE={database}
UNRELATED_URL={url}
""")
        before, status = read(self.env_file(application)), os.stat(self.env_file(application))

        def change(fleet):
            fleet["environments"][application]["bindings"] = [{"instance": f"{application}-db", "variables": self.VARIABLES}]
        fleet = self.edited_fleet(change)
        self.assert_exit(lab.migrate("-f", fleet, "--limit", application), 0)
        after, old = variables_of(read(self.env_file(application))), variables_of(before)
        port = lab.record["servers"][self.new]["port"]
        for name in ("DATABASE_URL", "WORKER_URL", "REPLICA_URL"):
            with self.subTest(name):
                moved, held = urlsplit(after[name]), urlsplit(old[name])
                self.assertEqual((moved.hostname, moved.port), ("127.0.0.1", port))
                self.assertEqual((unquote(moved.username), unquote(moved.password), unquote(moved.path[1:])), (user, password, database))
                self.assertEqual(parse_qs(moved.query), parse_qs(held.query))
        for name, value in {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": user, "PGPASSWORD": password, "PGDATABASE": database}.items():
            with self.subTest(name):
                self.assertEqual(after[name], value)
        self.assertEqual(set(after), set(old))
        self.assertEqual({name: after[name] for name in set(old) - set(self.VARIABLES)}, {name: old[name] for name in set(old) - set(self.VARIABLES)})
        self.assert_healthy_on(application, 15)
        self.assertEqual(self.login(self.new, after["PGUSER"], after["PGPASSWORD"], database=after["PGDATABASE"]), (0, user))

        self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
        again = variables_of(read(self.env_file(application)))
        for name in old:
            with self.subTest(f"{name} after rollback"):
                self.assertEqual(again[name], old[name])
        with self.subTest("the file as a whole"):
            self.assertEqual(read(self.env_file(application)), before)
            now = os.stat(self.env_file(application))
            self.assertEqual((now.st_uid, now.st_gid, now.st_mode), (status.st_uid, status.st_gid, status.st_mode))
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application)

    def move_beside(self, application, server, state):
        """Moves an environment that also binds a database which has to stay as it is, binding and all."""
        lab, name = self.lab, f"beside_{application.split('-')[0]}"
        fleet = self.fleet_with_database(server, name, "beside-password", state=state)
        url = f"postgresql://{name}:beside-password@localhost:{lab.record['servers'][server]['port']}/{name}?connect_timeout=3"
        lab.set_environment(application, BESIDE_URL=url)
        old = variables_of(read(self.env_file(application)))

        def change(fleet):
            fleet["environments"][application]["bindings"].append({"instance": f"{name}-db", "variables": {"BESIDE_URL": "url"}})
        fleet = self.edited_fleet(change, fleet)

        def look():
            return [line for lines in lab.catalog(server).values() for line in lines if line.startswith(f"{name}|")]
        before = look()
        self.assertEqual(len(before), 2, "the database and its role")
        writer = lab.start_writer(application)
        writer.wait_for_more()
        done = lab.migrate("-f", fleet, "--limit", application)
        self.assert_exit(done, 0)
        self.assertEqual(lab.journal.target_states(), {application: "succeeded"})
        writer.wait_for_more()
        writer.stop()
        after = variables_of(read(self.env_file(application)))
        self.assertEqual(after["BESIDE_URL"], url)
        self.assertNotEqual(after["DATABASE_URL"], old["DATABASE_URL"])
        self.assertEqual(look(), before)
        self.assertEqual(lab.psql(server, "SELECT note FROM notes", name), ["kept"])
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(lab.leftovers(self.new), self.leftovers)
        [only] = lab.json("report", "r1")["targets"][0]["fenced"]
        self.assertEqual(only["database"], lab.database_of(application)["database"])

    def test_binding_to_a_database_that_is_on_the_new_server_already(self):
        self.move_beside("shop-live", self.new, "provisioned")

    def test_binding_to_a_database_in_a_state_that_is_not_collected(self):
        self.move_beside("billing-live", self.old, "retired")
        self.assertNotIn("beside_billing", self.lab.user_databases(self.new))

    def read_closed(self, server, oid, query, said):
        """Rows of a database whatever it is called now, if need be through its fence, which is put up again."""
        [found] = self.lab.psql(server, f"SELECT quote_ident(datname), datname, datallowconn FROM pg_database WHERE oid = {oid}") or [None]
        self.assertIsNotNone(found, f"the new database is gone\n{said}")
        quoted, name, is_open = found.split("|")
        if is_open == "f":
            self.sql(server, f"ALTER DATABASE {quoted} ALLOW_CONNECTIONS true")
        try:
            return self.lab.psql(server, query, name)
        finally:
            if is_open == "f":
                self.sql(server, f"ALTER DATABASE {quoted} ALLOW_CONNECTIONS false")

    def test_rollback_of_a_database_that_nothing_binds_and_that_was_written_to(self):
        lab, target = self.lab, "loner-db"
        fleet = self.fleet_with_database(self.old, "loner", "loner-password")
        self.assert_exit(lab.migrate("-f", fleet, "--limit", target), 0)
        self.assertEqual(lab.journal.target_states(), {target: "succeeded"})
        lab.psql(self.new, "INSERT INTO notes VALUES (2, 'written on 15')", "loner")
        [oid] = lab.psql(self.new, "SELECT oid FROM pg_database WHERE datname = 'loner'")

        refused = lab.run("rollback", "r1", target, "--yes")
        said = refused.stdout + refused.stderr
        self.assertEqual(self.read_closed(self.new, oid, "SELECT note FROM notes ORDER BY id", said), ["kept", "written on 15"])
        self.assertNotEqual(refused.returncode, 0, said)
        self.assertIn(lab.journal.target_states()[target], ("succeeded", "stuck"))
        for text in (said, lab.run("status", "r1").stdout):
            self.assertIn("--accept-data-loss", text)

        self.assert_exit(lab.run("rollback", "r1", target, "--accept-data-loss", "--yes"), 0)
        self.assertEqual(lab.journal.target_states(), {target: "rolled_back"})
        self.assertEqual(lab.psql(self.old, "SELECT note FROM notes", "loner"), ["kept"])
        self.assertNotIn("loner", lab.user_databases(self.new))
        self.assertEqual(lab.leftovers(self.new), self.leftovers)


if __name__ == "__main__":
    unittest.main()
