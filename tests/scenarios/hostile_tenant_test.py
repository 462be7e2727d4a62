"""A tenant that attacks whoever reads its database: nothing outside of its rights happens, nothing hangs, terminals stay sane."""
import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

import psycopg2

from .support import ScenarioTest, program

APPLICATION = "shop-live"
BLOCKED = 4
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m\rfake: ok\x08\x9b"
# What may stand in our output, and what a terminal obeys of it: colours and, on one, moving up and erasing lines.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
OURS = re.compile(r"\x1b\[[0-9;]*[mAKJGhl]|\x1b\[\?25[hl]|\r")
# Each way out of the tenant's rights, tried by itself; what it reached shows in a file, another database or a role.
ATTACKS = """
    CREATE FUNCTION public.attack(what text) RETURNS void LANGUAGE plpgsql AS $attack$
    DECLARE way text; cmd text;
    BEGIN
      FOREACH way IN ARRAY ARRAY['', 'RESET ROLE', 'RESET SESSION AUTHORIZATION', 'SET SESSION AUTHORIZATION DEFAULT', 'SET ROLE postgres',
                                 'SET SESSION AUTHORIZATION postgres', 'SET ROLE NONE'] LOOP
        BEGIN
          IF way <> '' THEN EXECUTE way; END IF;
        EXCEPTION WHEN OTHERS THEN NULL; END;
        FOREACH cmd IN ARRAY ARRAY[pg_catalog.format('COPY (SELECT 1) TO PROGRAM %L', 'touch @proof@.' || what),
                                   pg_catalog.format('COPY (SELECT 1) TO %L', '@proof@.copy.' || what),
                                   'ALTER ROLE shop_live SUPERUSER', 'CREATE ROLE owned_by_tenant SUPERUSER LOGIN',
                                   'ALTER SYSTEM SET work_mem = ''7MB''', 'GRANT postgres TO shop_live',
                                   'SELECT pg_read_file(''PG_VERSION'')', 'SELECT lo_export(lo_from_bytea(0, ''x''), ''@proof@.lo'')',
                                   $$SELECT public.dblink_exec('dbname=billing_live user=postgres', 'CREATE TABLE public.owned ()')$$,
                                   $$SELECT public.dblink_exec('dbname=postgres', 'CREATE ROLE owned_by_dblink')$$,
                                   'ALTER DATABASE billing_live RENAME TO owned', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ''postgres'' AND pid <> pg_backend_pid()',
                                   'UPDATE pg_database SET datname = ''owned'' WHERE datname = ''billing_live'''] LOOP
          BEGIN
            EXECUTE cmd;
            IF cmd NOT LIKE '%terminate%' THEN RAISE WARNING 'reached: % after %', cmd, way; END IF;
          EXCEPTION WHEN OTHERS THEN NULL; END;
        END LOOP;
      END LOOP;
      RAISE NOTICE '%', E'@escapes@';
      RAISE WARNING '%', E'@escapes@';
    END $attack$;
    CREATE FUNCTION public.hit(n integer, what text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.attack(what); RETURN n; END $$;
    CREATE FUNCTION public.on_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.attack('trigger'); RETURN NEW; END $$;
    CREATE FUNCTION public.estimate(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.attack('statistics'); RETURN n; END $$;
"""
TABLES = """
    CREATE DOMAIN public.guarded AS integer CHECK (public.hit(VALUE, 'domain') IS NOT NULL);
    CREATE TABLE public.victims (n integer CHECK (public.hit(n, 'check') > 0), d public.guarded, also integer DEFAULT public.hit(1, 'default'),
                                 twice integer GENERATED ALWAYS AS (public.hit(2, 'generated') * n) STORED);
    CREATE TRIGGER hit BEFORE INSERT ON public.victims FOR EACH ROW EXECUTE FUNCTION public.on_row();
    INSERT INTO public.victims (n, d) SELECT g, g FROM generate_series(1, 3) g;
    CREATE INDEX victims_n ON public.victims (public.hit(n, 'index')) WHERE public.hit(n, 'predicate') > 0;
    CREATE STATISTICS public.estimates (dependencies) ON n, also FROM public.victims;
    CREATE MATERIALIZED VIEW public.seen AS SELECT public.hit(n, 'matview') AS n FROM public.victims;
    CREATE VIEW public.looks AS SELECT public.hit(n, 'view') AS n FROM public.victims;
    CREATE TABLE public.parts (n integer) PARTITION BY RANGE (public.hit(n, 'partition'));
    CREATE TABLE public.part_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (100);
    INSERT INTO public.parts VALUES (1), (2);
    ALTER TABLE public.victims ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY everything ON public.victims USING (public.hit(n, 'policy') > 0);
"""
# Names that are looked up without a schema by careless programs, and that terminals obey.
NAMES = """
    CREATE SCHEMA {schema}; CREATE TABLE {schema}.{table} ({column} integer); INSERT INTO {schema}.{table} VALUES (1);
    COMMENT ON TABLE {schema}.{table} IS {comment};
    CREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.attack('format'); RETURN $1; END $$;
    CREATE FUNCTION public.count(integer) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.attack('shadow'); RETURN 1; END $$;
    CREATE FUNCTION public.same(name, name) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.attack('operator'); RETURN $1::text = $2::text; END $$;
    CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = name, FUNCTION = public.same);
    CREATE TABLE public.pg_class (relname name); CREATE TABLE public.pg_database (datname name);
"""


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


class HostileTenantTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 2, "apps": 2, "seed": 113}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lab = cls.lab
        cls.old, cls.new = lab.server("eu-west", 13), lab.server("eu-west", 15)
        cls.proofs = os.path.join(lab.base, "proofs")
        os.mkdir(cls.proofs)
        os.chmod(cls.proofs, 0o777)  # the servers could write there
        # It is what a tenant may well have been given: dblink without a password refuses everybody but superusers.
        lab.psql(cls.old, "CREATE EXTENSION dblink; GRANT CREATE ON SCHEMA public TO shop_live", "shop_live")
        escapes = "".join(f"\\{ord(c):03o}" if ord(c) < 128 else "" for c in ESCAPES)
        cls.as_tenant(ATTACKS.replace("@proof@", os.path.join(cls.proofs, "reached")).replace("@escapes@", escapes))
        cls.as_tenant(TABLES)
        table = quoted("t" + ESCAPES + '\n"; DROP')
        cls.as_tenant(NAMES.format(schema=quoted("s\x1b[31m"), table=table, column=quoted("c\n\x07"), comment="E'" + escapes + "'"))
        # The control: with a superuser's rights the same attack does succeed. What it did by transactions of its own is mended.
        lab.psql(cls.old, "SET client_min_messages = error; BEGIN; SELECT public.attack('control'); ROLLBACK", "shop_live")
        if not os.listdir(cls.proofs):
            raise AssertionError("the attack doesn't work even for a superuser")
        lab.psql(cls.old, "DROP ROLE IF EXISTS owned_by_dblink")
        lab.psql(cls.old, "DROP TABLE IF EXISTS public.owned", "billing_live")
        shutil.rmtree(cls.proofs)
        os.mkdir(cls.proofs)
        os.chmod(cls.proofs, 0o777)
        cls.before = cls.world()

    @classmethod
    def as_tenant(cls, statements):
        """Logged in as the owner, as a deployment of the application would be."""
        with open(cls.lab.path("apps", APPLICATION, "env"), encoding="utf-8") as file:
            url = dict(line.rstrip("\n").split("=", 1) for line in file)["DATABASE_URL"]
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(statements)
        connection.close()

    @classmethod
    def world(cls):
        """All that the tenant has no right to change."""
        lab = cls.lab
        return {"catalogs": lab.catalogs(), "others": lab.psql(cls.old, "SELECT relname FROM pg_class WHERE relname = 'owned'", "billing_live"),
                "settings": [lab.psql(server, "SELECT name, setting FROM pg_file_settings ORDER BY 1, 2") for server in (cls.old, cls.new)]}

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def assert_nothing_reached(self):
        self.assertEqual(os.listdir(self.proofs), [])
        for server in (self.old, self.new):
            self.assertEqual(self.lab.psql(server, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'owned%' OR (rolsuper AND rolname <> 'postgres')"), [])

    def assert_sane(self, done):
        """No control character, not in JSON either."""
        for text in (done.stdout, done.stderr):
            found = CONTROL.search(text)
            self.assertIsNone(found, f"{' '.join(done.args[1:])}: {text[max(0, found.start() - 60):found.end() + 60]!r}" if found else "")
        return done

    def say(self, *arguments, code=0):
        return self.assert_sane(self.assert_exit(self.lab.run(*arguments), code))

    def on_a_terminal(self, *arguments):
        """What it writes to a terminal."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([program(), *arguments], stdin=subprocess.DEVNULL, stdout=follower, stderr=follower, cwd=self.lab.base,
                                   env={**self.lab.environment(), "TERM": "xterm-256color"})
        os.close(follower)
        output = b""
        deadline = time.monotonic() + 90
        try:
            while time.monotonic() < deadline:
                if not select.select([leader], [], [], 0.5)[0]:
                    continue
                try:
                    part = os.read(leader, 65536)
                except OSError:  # its end of the terminal is closed
                    break
                if not part:
                    break
                output += part
        finally:
            os.close(leader)
            if process.poll() is None and time.monotonic() >= deadline:
                process.kill()
            code = process.wait(timeout=30)
        return code, output.decode("utf-8", "replace")

    def test_there_and_back_again(self):
        limit = ("--limit", APPLICATION)
        for command in ("check", "plan"):
            for output in ("text", "json"):
                self.say(command, *self.lab.fleet_arguments(*limit), "-v", "--output", output)
        self.assert_nothing_reached()
        self.assertEqual(self.world(), self.before)
        self.lab.use_journal("hostile-run")
        writer = self.lab.start_writer(APPLICATION)
        writer.wait_for_more()
        self.say("run", *self.lab.fleet_arguments(*limit), "--yes", "-v")
        self.assert_healthy_on(APPLICATION, 15)
        self.assert_nothing_reached()
        self.assertEqual(self.lab.psql(self.new, "SELECT count(*) FROM public.victims", "shop_live"), ["3"])
        for command in (("status", "-v"), ("report", "--output", "markdown"), ("report", "--output", "json"), ("events",), ("logs", "-v"),
                        ("backups", "list"), ("fleet", "show", "-f", self.lab.fleet)):
            self.say(*command)
        writer.wait_for_more()
        writer.stop()
        self.assert_ledger_complete(APPLICATION, writer)
        # What was written since is no more: the same content lets it go back.
        self.assert_exit(self.lab.run("rollback", "r1", APPLICATION, "--yes", "--accept-data-loss"), 0)
        self.assert_nothing_reached()
        self.assert_healthy_on(APPLICATION, 13)
        self.assertEqual(self.world(), self.before)
        self.assertEqual(self.lab.leftovers(self.old) + self.lab.leftovers(self.new), [])
        self.assert_journal_clean()

    def test_terminal_stays_sane(self):
        """A restore that fails with what the tenant likes to say, shown on a terminal with its frames and colours."""
        words = "".join(f"\\{ord(c):03o}" for c in ESCAPES if ord(c) < 128)
        self.as_tenant(f"""CREATE FUNCTION public.shout(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
            BEGIN IF current_setting('server_version_num')::integer > 140000 THEN RAISE '%', E'{words}' USING HINT = E'{words}', DETAIL = E'{words}'; END IF; RETURN n; END $$;
            CREATE TABLE public.shouts (n integer CHECK (public.shout(n) > 0)); INSERT INTO public.shouts VALUES (1)""")
        try:
            code, output = self.on_a_terminal("run", *self.lab.fleet_arguments("--limit", APPLICATION), "--yes")
            self.assertEqual(code, 1, output)
            self.assertIn("fake: ok", output, "the message was to be shown")
            rest = OURS.sub("", output)
            found = CONTROL.search(rest)
            self.assertIsNone(found, repr(rest[max(0, found.start() - 60):found.end() + 60]) if found else "")
            for command in (("status", "r1"), ("report", "r1"), ("logs", "r1", "-v"), ("events", "r1"), ("report", "r1", "--output", "json")):
                self.say(*command)
        finally:
            self.as_tenant("DROP TABLE public.shouts; DROP FUNCTION public.shout")
        self.assert_healthy_on(APPLICATION, 13)
        self.assert_nothing_reached()
        self.assertEqual(self.world(), self.before)

    def test_functions_that_never_end(self):
        """In restore and, where only ANALYZE calls it, after it: each ends with the pause and is undone."""
        for where, who, statements in SLEEPERS:
            with self.subTest(where):
                self.lab.use_journal(f"sleeper-{where}")
                self.as_tenant(statements)
                try:
                    began = time.monotonic()
                    self.say("check", *self.lab.fleet_arguments("--limit", APPLICATION))
                    self.assertLess(time.monotonic() - began, 30)
                    began = time.monotonic()
                    done = self.assert_sane(self.lab.migrate("--limit", APPLICATION, "--set", "max_pause=5s"))
                    self.assertLess(time.monotonic() - began, 40)
                    self.assert_exit(done, 1)
                    self.assertIn(f"{who} was stopped because the pause would last longer than max_pause", done.stdout + done.stderr)
                    self.assertEqual(self.lab.journal.target_states(), {APPLICATION: "rolled_back"})
                finally:
                    self.as_tenant("DROP SCHEMA sleeps CASCADE")
                self.assert_healthy_on(APPLICATION, 13)
                self.assertEqual(self.world(), self.before)
                for server in (self.old, self.new):
                    self.assertEqual(self.lab.psql(server, "SELECT query FROM pg_stat_activity WHERE query ~ 'sleeps|ANALYZE|analyze' AND pid <> pg_backend_pid()"), [])


# On the old server they return at once. Statement limits of the tenant's own are no help: it takes them away.
SLEEP = """CREATE SCHEMA sleeps; CREATE FUNCTION sleeps.forever(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    SET statement_timeout = 0 SET lock_timeout = 0 AS $$
    BEGIN IF current_setting('server_version_num')::integer > 140000 AND {when} THEN
      LOOP BEGIN PERFORM pg_sleep(3600); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END IF; RETURN n; END $$;
    CREATE TABLE sleeps.here (n integer); INSERT INTO sleeps.here VALUES (1);"""
SLEEPERS = [("check", "pg_restore", SLEEP.format(when="true") + "ALTER TABLE sleeps.here ADD CHECK (sleeps.forever(n) > 0)"),
            ("analyze", "ANALYZE", SLEEP.format(when="(SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()) !~ 'pg_restore'"
                                          " AND current_query() ~* '^analyze'") + "CREATE INDEX ON sleeps.here (sleeps.forever(n))")]
if os.environ.get("PGCONVOY_TEST_FULL"):
    SLEEPERS += [("index", "pg_restore", SLEEP.format(when="true") + "CREATE INDEX ON sleeps.here (sleeps.forever(n))"),
                 ("generated", "pg_restore", SLEEP.format(when="true") + "ALTER TABLE sleeps.here ADD twice integer GENERATED ALWAYS AS (sleeps.forever(n)) STORED"),
                 ("matview", "pg_restore", SLEEP.format(when="true") + "CREATE MATERIALIZED VIEW sleeps.view AS SELECT sleeps.forever(n) FROM sleeps.here"),
                 ("partition", "pg_restore", SLEEP.format(when="true") + "CREATE TABLE sleeps.parts (n integer) PARTITION BY RANGE (sleeps.forever(n));"
                                                           "CREATE TABLE sleeps.part PARTITION OF sleeps.parts FOR VALUES FROM (0) TO (9); INSERT INTO sleeps.parts VALUES (1)")]


if __name__ == "__main__":
    unittest.main()
