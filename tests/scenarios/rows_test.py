"""Checks that read rows, where a single database among others doesn't show it: another compression on the target, locks and time.

The first runs always; the others only with PGCONVOY_TEST_FULL=1.
"""
import os
import subprocess

import yaml

from . import foresight_test
from .support import RUNBOOK, ScenarioTest

CONDITIONS = ("indexes_rebuildable", "rows_keep_their_constraints", "expressions_stand_alone")
# 5000 letters of four: pglz makes 2.2 kB of them, LZ4 3.5 kB.
LETTERS = """(SELECT string_agg(chr(97 + (('x' || md5(n::text))::bit(32)::integer & 3)), '' ORDER BY n) FROM generate_series(1, 5000) n)"""


def seed(number, sql):
    made = foresight_test.Seed("rows", f"hit_{number}", number)
    made.parts = [("owner", sql)]
    return made


class RowsTest(ScenarioTest):
    laboratory_options = {"databases": 1, "apps": 1, "seed": 53}

    def make(self, number, sql):
        made = foresight_test.Seeds(self.lab, [seed(number, sql)])
        made.make_all()
        return made, made.fleet()

    def findings(self, fleet, *more, **options):
        done = self.lab.run("check", "-f", fleet, "--runbook", options.pop("runbook", RUNBOOK), "--output", "json", *more, **options)
        self.assertIn(done.returncode, (0, 4), done.stdout + done.stderr)
        [target] = yaml.safe_load(done.stdout)["targets"]
        return [each for each in target["findings"] if each["condition"] in CONDITIONS]

    def restore_fails(self, made, database):
        """What pg_dump and pg_restore by hand say; "" when all went well."""
        environment = self.lab.environment()
        where = lambda server: ["-h", "127.0.0.1", "-p", str(made.port(server)), "-U", "postgres"]
        programs = "/usr/lib/postgresql/15/bin"
        self.lab.psql(made.new, f"DROP DATABASE IF EXISTS {database}_copy")
        self.lab.psql(made.new, f"CREATE DATABASE {database}_copy")
        with subprocess.Popen([f"{programs}/pg_dump", "-Fc", *where(made.old), database], stdout=subprocess.PIPE, env=environment) as dump:
            done = subprocess.run([f"{programs}/pg_restore", "--exit-on-error", "--no-owner", *where(made.new), "-d", f"{database}_copy"], stdin=dump.stdout,
                                  capture_output=True, text=True, check=False, env=environment)
        self.lab.psql(made.new, f"DROP DATABASE {database}_copy")
        return done.stderr

    def test_a_target_that_compresses_with_lz4_is_measured_with_lz4(self):
        made, fleet = self.make(101, f"""CREATE TABLE public.t (bar text, baz text, j jsonb);
            CREATE INDEX t_bar ON public.t (bar); CREATE INDEX t_baz ON public.t (baz);
            INSERT INTO public.t VALUES ({LETTERS}, repeat('abc', 1012))""")
        self.assertEqual(self.findings(fleet), [])
        self.assertEqual(self.restore_fails(made, "seed_101"), "")
        self.lab.psql(made.new, "ALTER SYSTEM SET default_toast_compression = 'lz4'")
        self.lab.psql(made.new, "SELECT pg_reload_conf()")
        try:
            [found] = self.findings(fleet)
            said = self.restore_fails(made, "seed_101")
        finally:
            self.lab.psql(made.new, "ALTER SYSTEM RESET default_toast_compression")
            self.lab.psql(made.new, "SELECT pg_reload_conf()")
        self.assertEqual((found["severity"], found["object"]), ("block", 'index public.t_bar in database "seed_101"'))
        size = said.split("index row size ")[1].split(" ")[0]
        self.assertIn(f"the largest of {size} bytes", found["evidence"])

    if os.environ.get("PGCONVOY_TEST_FULL"):
        def test_a_table_that_a_tenant_holds_is_not_waited_for(self):
            made, fleet = self.make(102, """CREATE TABLE public.held (id integer PRIMARY KEY); CREATE TABLE public.free (id integer);
                INSERT INTO public.free VALUES (-1); ALTER TABLE public.free ADD CONSTRAINT positive CHECK (id > 0) NOT VALID""")
            self.lab.psql(made.old, "UPDATE pg_constraint SET convalidated = true WHERE conname = 'positive'", "seed_102")
            with subprocess.Popen(["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(made.port(made.old)), "-U", "postgres", "-d", "seed_102"], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.lab.environment()) as holder:
                holder.stdin.write("BEGIN; LOCK TABLE public.held;\n\\echo held\n")
                holder.stdin.flush()
                self.assertEqual(holder.stdout.readline(), "held\n")
                found = self.findings(fleet)
                holder.stdin.close()
            self.assertEqual(sorted(each["severity"] for each in found), ["block", "info", "info", "info"])
            for each in found:
                self.assertIn("1 row of public.free breaks it" if each["severity"] == "block" else
                              "another session holds the table exclusively: rows of public.held", each["evidence"])

        def test_a_budget_of_nothing_reads_nothing_and_says_so(self):
            _, fleet = self.make(103, "CREATE TABLE public.t (id integer PRIMARY KEY, n integer CHECK (n > 0))")
            runbook = self.lab.edited_runbook(rows_keep_their_constraints="{time_budget: 0}")
            found = self.findings(fleet, runbook=runbook)
            self.assertEqual([each["severity"] for each in found], ["info"])
            self.assertIn("time_budget is 0", found[0]["evidence"])
