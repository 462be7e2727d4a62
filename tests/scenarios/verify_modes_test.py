"""How contents are verified: all of them before the pivot, in a snapshot after it, or by counts; and what becomes of a difference that is
found late, of tables that the application changed since, and of a snapshot that is lost."""
import json
import os
import unittest

from .support import RUNBOOK, ScenarioTest, wait_for

WHOLE = os.environ.get("PGCONVOY_TEST_FULL") == "1"
SHORT = ("--way", "short-pause")
SNAPSHOT = ("--set", "verify=snapshot")
COUNTS = ("--set", "verify=counts")
KEPT = "CREATE TABLE public.kept (id integer PRIMARY KEY, note text); INSERT INTO public.kept SELECT n, 'right ' || n FROM generate_series(1, 300) n"
# Somebody's hand in the new database, at the same moment each time: a step of the runbook that runs SQL there.
HAND = """#!/usr/bin/python3
import json, os, subprocess, sys
document = json.load(sys.stdin)
answers = {"prepare": {"intent": {}}, "apply": {"outcome": {}}, "probe": {"verdict": "absent"}, "undo": {"detail": "nothing to take back"}}
if sys.argv[1] == "apply":
    what = json.loads(document["argument"])
    def psql(database, sql):
        return subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", what["port"], "-U", "postgres", "-d", database, "-c", sql],
                              check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "PGPASSFILE": what["passfile"]}).stdout.strip()
    database = what["database"] or psql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'pgconvoy%'")
    for statement in what["statements"]:
        psql(database, statement)
    if what["meanwhile"]:
        subprocess.Popen(["psql", "-X", "-q", "-h", "127.0.0.1", "-p", what["port"], "-U", "postgres", "-d", database, "-c", what["meanwhile"]], start_new_session=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PGPASSFILE": what["passfile"]})
print(json.dumps(answers[sys.argv[1]]))
"""
LET_GO = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' AND application_name LIKE 'pgconvoy/%'"


class VerifyModesTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 6 + 2 * WHOLE, "apps": 6 + 2 * WHOLE, "seed": 61}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.hand = cls.lab.file("hand", HAND)
        os.chmod(cls.hand, 0o755)
        cls.runbook = cls.lab.run("runbook", "show", RUNBOOK, "--output", "yaml").stdout
        cls.unused = sorted(cls.lab.record["applications"])

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def application(self, *statements):
        """One that no other test has moved, with a table of ours."""
        application = self.unused.pop()
        for statement in (KEPT, *statements):
            self.lab.as_owner(application, statement)
        return application

    def runbook_with(self, after, *statements, database="", meanwhile=""):
        """In which the hand does that in the new database after an operation."""
        what = {"port": str(self.lab.record["servers"][self.new]["port"]), "passfile": self.lab.path("secrets", "admin.passfile"), "database": database,
                "statements": statements, "meanwhile": meanwhile}
        lines = self.runbook.splitlines()
        [place] = [number for number, line in enumerate(lines) if line.strip().startswith(f"- {after}")]
        lines.insert(place + 1, f"        - run_site_program: {{program: {json.dumps(self.hand)}, argument: {json.dumps(json.dumps(what))}}}")
        return ("--runbook", self.lab.file(f"{self.id().rsplit('.', 1)[1]}.yaml", "\n".join(lines) + "\n"))

    def database(self, application):
        return self.lab.database_of(application)["database"]

    def steps(self, kind="step_succeeded"):
        events = [json.loads(line) for line in self.lab.run("events", "--output", "jsonl").stdout.splitlines()]
        return {event["step"].split("/")[-1].split("@")[0]: event["data"] for event in events if event["kind"] == kind}

    def outcome(self, operation="verify_after_pivot"):
        return self.steps()[operation]["outcome"]

    def count(self, application, table="kept"):
        return int(self.lab.psql(self.new, f"SELECT count(*) FROM public.{table}", self.database(application))[0])

    def assert_undone(self, application):
        self.assertEqual(self.lab.journal.target_states(), {application: "rolled_back"})
        self.assert_healthy_on(application, 13)

    def test_counts_find_a_missing_row(self):
        application = self.application()
        with self.subTest("throughput: it went after the restore"):
            edited = self.runbook_with("analyze_restored_services", "DELETE FROM public.kept WHERE id = 7")
            done = self.assert_exit(self.lab.migrate("--limit", application, *edited, *COUNTS), 1)
            self.assertRegex(done.stdout, r"rows public\.kept: old 300; new 299")
            self.assert_undone(application)
        # What COPY stored isn't what is there: an index built afterwards runs the tenant's code.
        for statement in (
                "CREATE TABLE public.victim (id integer, filled text); INSERT INTO public.victim SELECT n, repeat(md5(n::text), 12) FROM generate_series(1, 900) n",
                "CREATE FUNCTION public.forget() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.victim WHERE id = 7; END'",
                "CREATE FUNCTION public.same(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS "
                "'BEGIN IF current_setting(''server_version_num'')::int >= 150000 THEN PERFORM public.forget(); END IF; RETURN n; END'",
                "CREATE TABLE public.evil (id integer, filled text); INSERT INTO public.evil SELECT n, repeat(md5(n::text), 12) FROM generate_series(1, 500) n",
                "CREATE INDEX ON public.evil (public.same(id))"):
            self.lab.as_owner(application, statement)
        self.lab.use_journal("a tenants index")
        done = self.assert_exit(self.lab.migrate("--limit", application, *SHORT, *COUNTS, "--no-check", "it is meant to fail"), 1)
        self.assertIn("public.victim (900 rows there, 899 here)", done.stdout)
        self.assert_undone(application)

    def test_snapshot_while_the_application_writes(self):
        application = self.application("CREATE TABLE public.large AS SELECT n AS id, repeat(md5(n::text), 20) AS filled FROM generate_series(1, 4000) n")
        planned = self.assert_exit(self.lab.run("plan", *self.lab.fleet_arguments("--limit", application, *SHORT, *SNAPSHOT, "-v")), 0)
        self.assertIn("verification: snapshot", planned.stdout)
        self.assertIn("verify_after_pivot", planned.stdout)
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        # What the application may do meanwhile without harm.
        edited = self.runbook_with("redeploy", "UPDATE public.kept SET note = 'changed'; INSERT INTO public.kept VALUES (301, 'new'); ALTER TABLE public.kept ADD more integer DEFAULT 3",
                                   database=self.database(application))
        done = self.assert_exit(self.lab.migrate("--limit", application, *edited, *SHORT, *SNAPSHOT), 0)
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        late = self.outcome()
        self.assertEqual((late["verdict"], late["not_comparable"], late["obligations"]), ("equal", {}, []))
        self.assertIn("public.kept", [table[0] for table in late["evidence"]])
        self.assertEqual(self.outcome("transfer_to_prepared_services")["evidence"], [])
        self.assertEqual(set(self.outcome("transfer_to_prepared_services")["seconds"]), {"copy", "after rows", "count", "backup"})
        self.assertEqual(self.count(application), 301)
        order = list(self.steps())
        self.assertLess(order.index("page_off"), order.index("verify_after_pivot"))
        self.assertLess(order.index("verify_after_pivot"), order.index("close_source"))
        self.assertIn("verified in mode snapshot: 1 target", done.stdout)
        self.assertEqual(self.lab.json("report")["targets"][0]["verification"]["mode"], "snapshot")

    def test_difference_that_is_found_late(self):
        two = [self.application(), self.application()]
        edited = self.runbook_with("verify_restored_services", "UPDATE public.kept SET note = 'wrong' WHERE id = 7")
        limits = [text for application in two for text in ("--limit", application)]
        done = self.assert_exit(self.lab.migrate(*limits, *edited, *SNAPSHOT, "--max-failures", "5", "--concurrency", "1", "--set", "retention=1s"), 3)
        states = self.lab.journal.target_states()
        self.assertEqual(sorted(states.values()), ["pending", "stuck"], "a difference stops the run, whatever its budget is")
        [application] = [name for name, state in states.items() if state == "stuck"]
        self.assertRegex(done.stdout, r"public\.kept.*\(id\)=\(7\)")
        self.assertIn(f"pgconvoy accept r1 {application}", done.stdout)
        self.assertIn("--accept-data-loss", done.stdout)
        self.assert_healthy_on(application, 15)  # its users go on
        fenced = next(name for name in self.lab.user_databases(self.old) if name.startswith("pgconvoy") and name.endswith("_old"))
        self.assertEqual(self.lab.psql(self.old, "SELECT count(*), min(note) FILTER (WHERE id = 7) FROM public.kept", fenced), ["300|right 7"])
        # The snapshot is gone: looking again can't make it right.
        self.assert_exit(self.lab.run("retry", "r1", application), 1)
        self.assertEqual(self.lab.journal.target_states()[application], "stuck")
        self.assertIn("nothing waits", self.lab.run("cleanup").stdout)
        self.assert_exit(self.lab.run("accept", "r1", two[1] if two[0] == application else two[0], "--reason", "another one"), 2)
        self.lab.psql(self.new, "UPDATE public.kept SET note = 'right 7' WHERE id = 7", self.database(application))
        accepted = self.lab.json("accept", "r1", application, "--reason", "put right by hand")
        self.assertEqual(accepted["different"], 1)
        self.assert_exit(self.lab.run("retry", "r1", application), 0)
        self.assertEqual(self.lab.journal.target_states()[application], "succeeded")
        self.assertIn("put right by hand", self.lab.run("report", "r1").stdout)
        wait_for("the end of the retention", lambda: "dropped" in self.lab.run("cleanup").stdout)

    def test_table_that_the_application_truncated(self):
        application = self.application("CREATE TABLE public.dropped AS SELECT 1 AS id", "CREATE TABLE public.rewritten AS SELECT 1 AS id")
        edited = self.runbook_with("redeploy", "TRUNCATE public.kept; DROP TABLE public.dropped; ALTER TABLE public.rewritten ALTER id TYPE text", database=self.database(application))
        done = self.assert_exit(self.lab.migrate("--limit", application, *edited, *SNAPSHOT), 0)
        late = self.outcome()
        self.assertEqual(late["verdict"], "equal")
        self.assertEqual(set(late["not_comparable"]), {"public.kept", "public.dropped", "public.rewritten"})
        self.assertEqual(late["not_comparable"]["public.kept"], "truncated or rewritten since")
        self.assertIn("not comparable: 3 tables", done.stdout)
        self.assert_healthy_on(application, 15)

    def test_snapshot_that_is_lost(self):
        application = self.application()
        edited = self.runbook_with("redeploy", LET_GO, database=self.database(application))
        done = self.assert_exit(self.lab.migrate("--limit", application, *edited, *SHORT, *SNAPSHOT, "--set", "retention=1s"), 0)
        self.assertIn("verified by counts", done.stdout)
        self.assertIn(f"pgconvoy accept r1 {application}", done.stdout)
        self.assertEqual(self.outcome()["verdict"], "counts")
        kept = self.lab.user_databases(self.old)
        self.assertIn("kept until pgconvoy accept", self.lab.run("cleanup").stdout)
        self.assertEqual(self.lab.user_databases(self.old), kept)
        self.assert_exit(self.lab.run("accept", "r1", application, "--reason", "compared by hand"), 0)
        wait_for("the end of the retention", lambda: "dropped" in self.lab.run("cleanup").stdout)
        self.assertLess(len(self.lab.user_databases(self.old)), len(kept))

    def test_plan_chooses_by_the_downtime_budget(self):
        application = self.unused[0]
        fleet = self.read_fleet()

        def planned(budget, *more):
            fleet["environments"][application]["downtime_budget"] = f"{budget:.4f}s"
            file = self.lab.path("budget.yaml")  # beside the other one: its paths are relative
            with open(file, "w", encoding="utf-8") as text:
                json.dump(fleet, text)
            return self.lab.json("plan", *self.lab.fleet_arguments("-f", file, "--limit", application, *more))["targets"][0]

        whole, less = planned(3600, "--set", "verify=before"), planned(3600, *SNAPSHOT)
        self.assertLess(less["paused_p90"], whole["paused_p90"])
        self.assertEqual((whole["verification"], less["verification"]), ("before", "snapshot"))
        for budget, mode in ((whole["paused_p90"] + 1, "before"), ((whole["paused_p90"] + less["paused_p90"]) / 2, "snapshot"), (less["paused_p90"] / 2, "before")):
            chosen = planned(budget)
            self.assertEqual(chosen["verification"], mode, chosen["verification_because"])
            self.assertIn("downtime budget", chosen["verification_because"])
        over = [finding["remedy"] for finding in planned(whole["paused_p90"] / 2, "--set", "verify=before")["findings"] if finding["condition"] == "downtime_within_budget"]
        self.assertIn("--set verify=snapshot", str(over))
        self.assert_exit(self.lab.run("plan", *self.lab.fleet_arguments("--limit", application, "--set", "verify=later")), 2)

    if WHOLE:
        def test_it_gives_way_and_waits(self):
            """A table that is locked for a while is read later; what waits for the snapshot itself isn't kept waiting for ever."""
            application = self.application()
            edited = self.runbook_with("redeploy", database=self.database(application), meanwhile="BEGIN; LOCK TABLE public.kept; SELECT pg_sleep(3); COMMIT")
            self.assert_exit(self.lab.migrate("--limit", application, *edited, *SNAPSHOT), 0)
            self.assertEqual((self.outcome()["verdict"], self.outcome()["not_comparable"]), ("equal", {}))
            application = self.application()
            self.lab.use_journal("concurrently")
            edited = self.runbook_with("redeploy", database=self.database(application), meanwhile="CREATE INDEX CONCURRENTLY waits ON public.kept (note)")
            self.assert_exit(self.lab.migrate("--limit", application, *edited, *SNAPSHOT), 0)
            valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('public.waits')"
            wait_for("its index", lambda: self.lab.psql(self.new, valid, self.database(application)) == ["t"])


if __name__ == "__main__":
    unittest.main()
