"""The shorter pause: prepared while the application runs, rows copied, proved and backed up together, and the same doors out."""
import glob
import json
import os
import signal
import subprocess

from .support import ScenarioTest, wait_for

SHORT = ("--way", "short-pause")
SHAPES = """CREATE TABLE public.priced (id integer PRIMARY KEY, net numeric, gross numeric GENERATED ALWAYS AS (net * 1.2) STORED);
    INSERT INTO public.priced SELECT n, n FROM generate_series(1, 500) n;
    CREATE TABLE public.ordered (id bigserial PRIMARY KEY, priced integer REFERENCES public.priced, note text CHECK (note <> ''));
    INSERT INTO public.ordered (priced, note) SELECT 1 + n % 500, repeat(md5(n::text), 200) FROM generate_series(1, 600) n;
    CREATE MATERIALIZED VIEW public.totals AS SELECT priced, count(*) FROM public.ordered GROUP BY 1;
    CREATE TABLE public.days (day date NOT NULL, n integer) PARTITION BY RANGE (day);
    CREATE TABLE public.days_2020 PARTITION OF public.days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    INSERT INTO public.days SELECT date '2020-01-01' + n, n FROM generate_series(0, 300) n;
    CREATE TABLE public.nothing (); INSERT INTO public.nothing DEFAULT VALUES;
    CREATE SEQUENCE public.untouched START 7; SELECT setval('public.ordered_id_seq', 9000);
    CREATE FUNCTION public.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := NEW.note || ''!''; RETURN NEW; END';
    CREATE TRIGGER noted BEFORE INSERT ON public.ordered FOR EACH ROW EXECUTE FUNCTION public.noted()"""


class ShortPauseTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 6, "apps": 4, "seed": 83}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def outcome_of(self, operation):
        [outcome] = [event["data"]["outcome"] for event in self.events() if event["kind"] == "step_succeeded" and operation in event["step"]]
        return outcome

    def events(self):
        return [json.loads(line) for line in self.lab.run("events", "--output", "jsonl").stdout.splitlines()]

    def files(self, pattern="*"):
        return glob.glob(os.path.join(self.lab.backups, "**", pattern), recursive=True)

    def assert_restorable(self, database, tables):
        """By PostgreSQL's own program, into a database of its own."""
        backup = self.lab.json("backups", "list")["backups"][0]
        place = ["-h", "127.0.0.1", "-p", str(self.lab.record["servers"][self.new]["port"]), "-U", "postgres"]
        self.lab.psql(self.new, "CREATE DATABASE restored TEMPLATE template0")
        try:
            self.assertTrue(backup["file"].endswith(".dump.zst"), backup)
            with subprocess.Popen(["zstd", "-dc", backup["file"]], stdout=subprocess.PIPE) as unpacking:
                done = subprocess.run(["pg_restore", *place, "--dbname", "restored", "--exit-on-error"], stdin=unpacking.stdout, capture_output=True, text=True,
                                      check=False, env=self.lab.environment())
            self.assertEqual((unpacking.returncode, done.returncode), (0, 0), done.stderr)
            self.assert_exit(self.lab.run("backups", "verify", "--all"), 0)
            self.assertIn("zstd -dc", self.lab.run("backups", "show", backup["id"]).stdout)
            for table in tables:
                count = f"SELECT count(*) FROM {table}"
                self.assertEqual(self.lab.psql(self.new, count, "restored"), self.lab.psql(self.new, count, database), table)
        finally:
            self.lab.psql(self.new, "DROP DATABASE restored")

    def test_everything_moves_with_its_shapes(self):
        application = "shop-live"
        self.lab.as_owner(application, SHAPES)
        planned = self.lab.run("plan", *self.lab.fleet_arguments("--limit", application, *SHORT, "-v"))
        self.assert_exit(planned, 0)
        self.assertIn("way: short-pause", planned.stdout)
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        self.assert_exit(self.lab.migrate("--limit", application, *SHORT), 0)
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        database = self.lab.database_of(application)["database"]
        self.assertEqual(self.lab.psql(self.new, "SELECT count(*), sum(gross) FROM priced", database), ["500|150300.0"])
        self.assertEqual(self.lab.psql(self.new, "SELECT count(*) FROM totals", database), ["500"])
        self.assertEqual(self.lab.psql(self.new, "SELECT count(*) FROM ordered WHERE note LIKE '%!'", database), ["0"])  # no trigger ran
        self.assertEqual(self.lab.psql(self.new, "SELECT last_value, is_called FROM untouched", database), ["7|f"])
        self.assertEqual(self.lab.psql(self.new, "SELECT last_value FROM ordered_id_seq", database), ["9000"])
        self.assertEqual(self.lab.psql(self.new, "SELECT count(*) FROM pg_statistic WHERE starelid = 'ordered'::regclass", database)[0] > "0", True)
        outcome = self.outcome_of("transfer_to_prepared_services")
        self.assertGreaterEqual(outcome["rows"], 1402)
        self.assertEqual(set(outcome["seconds"]), {"copy", "after rows", "read back", "backup"})
        self.assertEqual(self.files("*definitions*"), [])
        self.assertEqual(len(self.lab.leftovers(self.new)), 0)
        self.assert_restorable(database, ["priced", "ordered", "days"])

    def test_backup_after_the_pivot(self):
        application = "billing-live"
        # Its rows say what the sessions may take that write them and build their indexes: the budget is divided among two.
        self.lab.as_owner(application, """CREATE FUNCTION public.is_enough(n integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN
            IF current_setting(''server_version_num'')::int >= 150000 AND current_setting(''application_name'') LIKE ''pgconvoy%'' AND concat_ws('' '', current_setting(''maintenance_work_mem''), current_setting(''max_parallel_maintenance_workers'')) <> ''128MB 4'' THEN
                RAISE ''not enough: % %'', current_setting(''maintenance_work_mem''), current_setting(''max_parallel_maintenance_workers''); END IF; RETURN true; END';
            CREATE TABLE public.asks (n integer CHECK (public.is_enough(n))); INSERT INTO public.asks VALUES (1)""")
        self.assert_exit(self.lab.migrate("--limit", application, *SHORT, "--set", "backup=after-pivot", "--set", "restore_memory=256MB", "--no-check", "a check asks its session"), 0)
        self.assert_healthy_on(application, 15)
        self.assertIsNone(self.outcome_of("transfer_to_prepared_services")["backup"])
        events = self.events()
        order = [event["step"].split("/")[-1].split("@")[0] for event in events if event["kind"] == "step_succeeded"]
        self.assertLess(order.index("page_off"), order.index("back_up_after_pivot"))
        self.assertLess(order.index("back_up_after_pivot"), order.index("close_source"))
        self.assert_restorable(self.lab.database_of(application)["database"], ["ledger"])

    def test_schema_that_changes_after_it_was_prepared(self):
        application = "forum-live"
        database = self.lab.database_of(application)["database"]
        with self.lab.start("run", *self.lab.fleet_arguments("--limit", application, *SHORT), "--yes") as run:
            wait_for("the page", lambda: self.lab.journal.has_begun("page_on"), every=0)
            run.signal(signal.SIGSTOP)
            try:
                self.lab.as_owner(application, "ALTER TABLE public.ledger ADD late integer DEFAULT 3")
            finally:
                run.signal(signal.SIGCONT)
            code, output = run.finish()
        self.assertEqual(code, 0, output)
        self.assertIn("its schema changed after it was prepared", self.lab.run("events", "r1", "--output", "jsonl").stdout)
        self.assert_healthy_on(application, 15)
        self.assertEqual(self.lab.psql(self.new, "SELECT count(*) FROM ledger WHERE late IS DISTINCT FROM 3", database), ["0"])
        self.assertEqual(len(self.lab.leftovers(self.new)), 0)

    def test_transfer_that_fails_is_undone(self):
        """Its index keeps a compressed entry; the one that is prepared can't take the row."""
        applications = [name for name in self.lab.record["applications"] if name not in ("shop-live", "billing-live", "forum-live")]
        application = applications[0]
        for statement in ("CREATE TABLE not_rebuildable (id serial PRIMARY KEY, bar text)", "CREATE INDEX ON not_rebuildable (bar)",
                          "INSERT INTO not_rebuildable (bar) VALUES (repeat('abc', 1012))", "ALTER TABLE not_rebuildable ALTER bar SET STORAGE external"):
            self.lab.as_owner(application, statement)
        before = self.lab.catalogs()
        writer = self.lab.start_writer(application)
        writer.wait_for_more()
        done = self.lab.migrate("--limit", application, *SHORT, "--no-check", "the copy is meant to fail")
        self.assert_exit(done, 1)
        self.assertIn("not_rebuildable", done.stdout)
        writer.wait_for_more()
        writer.stop()
        self.assertEqual(self.lab.journal.target_states(), {application: "rolled_back"})
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(self.lab.catalogs(), before)
        self.assertEqual(self.files("*definitions*"), [])

    def test_large_objects_come_too(self):
        """Of a database whose owner made some before it was prepared, and some right before its pause."""
        target = next(each["environment"] for each in self.lab.record["databases"] if each["environment"] not in self.lab.record["applications"])
        database = self.lab.database_of(target)["database"]
        self.lab.as_owner(target, "SELECT pg_catalog.lo_from_bytea(70001, decode(repeat('ab', 300000), 'hex')), pg_catalog.lo_create(70002)")
        self.lab.as_owner(target, "GRANT SELECT ON LARGE OBJECT 70001 TO PUBLIC; COMMENT ON LARGE OBJECT 70002 IS 'nothing in it'")
        with self.lab.start("run", *self.lab.fleet_arguments("--limit", target, *SHORT), "--yes") as run:
            wait_for("the preparation", lambda: self.lab.journal.has_begun("page_on"), every=0)
            run.signal(signal.SIGSTOP)
            try:
                self.lab.as_owner(target, "SELECT pg_catalog.lo_from_bytea(70003, 'late'), pg_catalog.lo_put(70001, 1000000, 'far behind')")
            finally:
                run.signal(signal.SIGCONT)
            code, output = run.finish()
        self.assertEqual(code, 0, output)
        outcome = self.outcome_of("transfer_to_prepared_services")
        self.assertGreaterEqual(outcome["large_objects"], 3)
        self.assertIn("large objects", outcome["seconds"])
        [(intent,)] = self.lab.journal.rows("SELECT intent FROM steps WHERE path LIKE '%/fence_source@%'")
        fenced = json.loads(intent)["fenced_name"]
        self.lab.psql(self.old, f"ALTER DATABASE {fenced} ALLOW_CONNECTIONS true")
        for question in ("SELECT string_agg(concat(oid, ' ', pg_get_userbyid(lomowner), ' ', lomacl, ' ', md5(lo_get(oid))), ',' ORDER BY oid) FROM pg_largeobject_metadata",
                         "SELECT obj_description(70002, 'pg_largeobject')"):
            self.assertEqual(self.lab.psql(self.new, question, database), self.lab.psql(self.old, question, fenced))
        self.assertEqual(self.lab.psql(self.new, "SELECT length(lo_get(70001))", database), ["1000010"])
        self.assertEqual(len(self.lab.leftovers(self.new)), 0)
