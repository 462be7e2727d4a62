"""A fleet with the mix of failures that history had, in little: what `check` predicts is what fails when nobody checks.

Then the same with checks and the one remedy that a run can apply: nobody fails, no application is down.
PGCONVOY_MIX_DATABASES says how many databases there are: 200 in --full, a handful otherwise.
"""
import os
import shutil
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

import yaml

from .foresight_test import Seed, Seeds
from .support import CHECKOUT, RUNBOOK, Laboratory

OLD_CLIENT = os.path.join(CHECKOUT, "tests", "lab", "old-client")
FULL = os.environ.get("PGCONVOY_TEST_FULL") == "1"
DATABASES = int(os.environ.get("PGCONVOY_MIX_DATABASES") or (200 if FULL else 10))
OLD_APPLICATIONS = 4 if DATABASES >= 40 else 1
SECONDS_FOR_A_RUN = 1800
PLAIN = """CREATE TABLE public.customers (id serial PRIMARY KEY, name text NOT NULL CHECK (name <> ''));
CREATE TABLE public.orders (id bigserial PRIMARY KEY, customer integer REFERENCES public.customers, made timestamptz DEFAULT now());
CREATE INDEX ON public.orders (customer, made);
INSERT INTO public.customers (name) SELECT 'name ' || n FROM generate_series(1, 50) n;
INSERT INTO public.orders (customer) SELECT 1 + n % 50 FROM generate_series(1, 200) n;"""
# What the other failures of a fleet look like: each as a tenant would have made it.
FAILING = {
    "index_row": """CREATE TABLE public.t (id serial PRIMARY KEY, bar text); CREATE INDEX i ON public.t (bar);
        INSERT INTO public.t (bar) VALUES (repeat('abc', 1012)); ALTER TABLE public.t ALTER bar SET STORAGE external;""",
    "postfix_operator": """CREATE FUNCTION public.half(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
        CREATE OPERATOR public.#!# (LEFTARG = integer, FUNCTION = public.half);""",
    "aggregate_over_arrays": "CREATE AGGREGATE public.collect(anyelement) (SFUNC = array_append, STYPE = anyarray, INITCOND = '{}');",
    "search_path": """SET search_path = public; CREATE FUNCTION public.inner_one(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
        CREATE FUNCTION public.outer_one(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT inner_one($1)';
        CREATE TABLE public.indexed (n integer); INSERT INTO public.indexed VALUES (1);
        CREATE INDEX ON public.indexed (public.outer_one(n));""",
    "orphans": """CREATE TABLE public.parents (id integer PRIMARY KEY); CREATE TABLE public.children (id integer PRIMARY KEY, parent integer REFERENCES public.parents);
        INSERT INTO public.parents VALUES (1); INSERT INTO public.children VALUES (1, 1);
-- as: superuser
        SET session_replication_role = replica; DELETE FROM public.parents;""",
    "removed_operator": "CREATE VIEW public.factorials AS SELECT n, n ! AS product FROM generate_series(1, 5) AS g(n);",
}


def seeds():
    made = []
    for number in range(1, DATABASES - OLD_APPLICATIONS + 1):
        name = list(FAILING)[number - 1] if number <= len(FAILING) else "plain"
        seed = Seed("mix", f"hit_{name}" if name in FAILING else "absent_plain", number)
        owner, _, superuser = FAILING.get(name, PLAIN).partition("-- as: superuser\n")
        seed.parts = [("owner", owner), ("superuser", superuser)]
        made.append(seed)
    return made


class HistoricMix:
    """The laboratory: old applications on node-postgres 6 with md5 verifiers, databases that fail for a reason, and many that don't."""

    def __init__(self, laboratory):
        self.lab, self.seeds = laboratory, seeds()
        self.old, self.new = laboratory.server("eu-west", 13), laboratory.server("eu-west", 15)
        # node-postgres 6 doesn't find its way to a role or database with a hostile name.
        plain = [name for name in sorted(laboratory.record["applications"]) if laboratory.database_of(name)["role"].isidentifier()]
        self.applications = plain[:OLD_APPLICATIONS]
        self.image = laboratory.path("old-programs")

    def make(self):
        subprocess.run([os.path.join(OLD_CLIENT, "install")], check=True, capture_output=True)
        shutil.copytree(os.path.join(CHECKOUT, ".deps", "old-client", "node_modules"), os.path.join(self.image, "node_modules"))
        shutil.copy(os.path.join(OLD_CLIENT, "app.js"), self.image)
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", self.image], check=True)
        for application in self.applications:
            self.make_old(application)
        made = Seeds(self.lab, self.seeds)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(made.make, self.seeds))
        return self.write_fleet(made)

    def make_old(self, application):
        run = self.lab.path("apps", application, "run")
        with open(run, encoding="utf-8") as file:
            text = file.read()
        changed = text.replace(f"/usr/bin/python3 '{self.lab.path('programs', 'app.py')}'", f"{shutil.which('node')} '{self.image}/app.js'")
        assert changed != text, text
        with open(run, "w", encoding="utf-8") as file:
            file.write(changed)
        with open(self.lab.path("apps", application, "env"), encoding="utf-8") as file:
            url = next(line for line in file if line.startswith("DATABASE_URL=")).strip()
        password = url.split("@")[0].rsplit(":", 1)[1]
        role = self.lab.database_of(application)["role"]
        self.allow_md5(self.old, role)
        self.lab.psql(self.old, f"SET password_encryption = 'md5'; ALTER ROLE {role} PASSWORD '{password}'")
        for command in ("stop", "start"):
            self.lab.lab("app", command, application)

    def allow_md5(self, server, role):
        path = self.lab.path("servers", server, "data", "pg_hba.conf")
        with open(path, encoding="utf-8") as file:
            before = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"host all {role} 127.0.0.1/32 md5\n{before}")
        self.lab.psql(server, "SELECT pg_reload_conf()")

    def write_fleet(self, made):
        with open(self.lab.fleet, encoding="utf-8") as file:
            fleet = yaml.safe_load(file)
        bound = {name: fleet["environments"][name] for name in self.applications}
        for environment in bound.values():
            environment["image"] = self.image
        used = {binding["instance"] for environment in bound.values() for binding in environment["bindings"]}
        fleet["environments"] = bound
        fleet["instances"] = {name: instance for name, instance in fleet["instances"].items() if name in used}
        fleet["instances"].update({seed.database: {"server": self.old, "database": seed.database, "role": seed.database,
                                                   "password": {"passfile": made.passfile}} for seed in self.seeds})
        path = self.lab.path("mix.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file)
        return path

    def meant_to_fail(self):
        return set(self.applications) | {seed.database for seed in self.seeds if seed.kind == "hit"}


class HistoricMixTest(unittest.TestCase):
    maxDiff = None

    def states(self, run=1):
        return self.lab.journal.target_states(run)

    def all_healthy(self, major):
        return {name: self.lab.health(name) for name in self.mix.applications} == {name: (True, major) for name in self.mix.applications}

    def fail_what_fails(self):
        runbook = self.lab.edited_runbook(redeploy="{health_timeout: 4s}")
        self.lab.run("run", "-f", self.fleet, "--runbook", runbook, "--yes", "--concurrency", "2", "--max-failures", "100%",
                     "--no-check", "to compare with what was predicted", seconds=SECONDS_FOR_A_RUN)
        return {target for target, state in self.states().items() if state != "succeeded"}

    def test_what_is_predicted_is_what_fails(self):
        self.lab = self.enterContext(Laboratory(databases=OLD_APPLICATIONS + 2, apps=OLD_APPLICATIONS + 2, seed=52))
        self.mix = HistoricMix(self.lab)
        self.fleet = self.mix.make()
        self.assertEqual(len(self.mix.applications), OLD_APPLICATIONS)
        self.assertTrue(self.all_healthy(13))
        checked = self.lab.json("check", "-f", self.fleet, "--runbook", RUNBOOK, seconds=SECONDS_FOR_A_RUN)
        predicted = {target["id"] for target in checked["targets"] if target["blocked"]}
        warned = {target["id"]: target["findings"] for target in checked["targets"]
                  if not target["blocked"] and any(each["severity"] == "warn" for each in target["findings"])}
        self.assertEqual(warned, {}, "false alarms")
        self.assertEqual(predicted, self.mix.meant_to_fail())
        # Everything is looked at before anybody is paused, so this order costs nothing: first with checks and the remedy.
        for application in self.mix.applications:
            self.mix.allow_md5(self.mix.new, self.lab.database_of(application)["role"])
        self.lab.use_journal("with-checks")
        done = self.lab.run("run", "-f", self.fleet, "--runbook", RUNBOOK, "--yes", "--concurrency", "2", "--set", "authentication=md5",
                            seconds=SECONDS_FOR_A_RUN)
        states = self.states()
        moved = {target for target, state in states.items() if state == "succeeded"}
        self.assertEqual(moved, {target["id"] for target in checked["targets"]} - predicted | set(self.mix.applications), done.stdout[-4000:])
        self.assertEqual({state for target, state in states.items() if target not in moved}, {"skipped"})
        self.assertTrue(self.all_healthy(15), "an application is down")
        self.lab.run("rollback", "r1", "--yes", seconds=SECONDS_FOR_A_RUN)
        self.assertTrue(self.all_healthy(13))
        # Now as it was done in history. The new server has its own rules again.
        self.lab.use_journal("without-checks")
        path = self.lab.path("servers", self.mix.new, "data", "pg_hba.conf")
        with open(path, encoding="utf-8") as file:
            rules = [line for line in file if not line.endswith("/32 md5\n")]
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(rules)
        self.lab.psql(self.mix.new, "SELECT pg_reload_conf()")
        failed = self.fail_what_fails()
        self.assertEqual(failed, predicted)
        print(f"historic mix: {len(checked['targets'])} targets, {len(predicted)} predicted, {len(failed)} failed without checks, "
              f"{len(predicted & failed)} of both; with checks and authentication=md5 {len(moved)} moved, 0 failed")


if __name__ == "__main__":
    unittest.main()
