"""check --trial: finds what the target server refuses, and leaves nothing behind, whatever ends it."""
import signal
import unittest

from .support import ScenarioTest, wait_for

GOOD, BROKEN, SLOW = "shop-live", "billing-live", "forum-live"
BLOCKED, INTERRUPTED = 4, 130


class TrialTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 3, "apps": 3, "seed": 62}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.lab.as_owner(BROKEN, """
            CREATE SCHEMA "odd schema"; CREATE AGGREGATE "odd schema".gather(anyelement) (SFUNC = array_append, STYPE = anyarray, INITCOND = '{}');
            CREATE VIEW public.gathered AS SELECT "odd schema".gather(n) FROM generate_series(1, 3) n;
            CREATE VIEW public.of_the_rest AS SELECT count(*) FROM pg_class""")
        # A tenant's function that the definition of a table evaluates: not as the administrator, and for a while.
        cls.lab.as_owner(SLOW, """
            CREATE TABLE public.who (name text);
            CREATE FUNCTION public.slow() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
                IF current_setting('server_version_num')::integer >= 150000 THEN
                    IF (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN RAISE 'as a superuser'; END IF;
                    PERFORM pg_sleep(20); END IF; RETURN 1; END $$;
            CREATE TABLE public.kept (n integer, twice integer GENERATED ALWAYS AS (n * public.slow()) STORED)""")

    def setUp(self):
        self.before = self.lab.catalogs()

    def check(self, *more, **options):
        return self.lab.run("check", *self.lab.fleet_arguments("--trial", *more), **options)

    def findings(self, target):
        [found] = self.lab.json("check", *self.lab.fleet_arguments("--trial", "--limit", target))["targets"]
        return [each for each in found["findings"] if each["condition"] == "trial_restore"]

    def assert_nothing_left(self):
        self.assertEqual(self.lab.leftovers(self.new), [])
        self.assertEqual(self.lab.catalogs(), self.before)

    def start_slow(self):
        started = self.lab.start("check", *self.lab.fleet_arguments("--trial", "--limit", SLOW))
        wait_for("the trial to restore", lambda: self.lab.psql(
            self.new, "SELECT 1 FROM pg_stat_activity WHERE datname LIKE 'pgconvoy_trial%' AND wait_event = 'PgSleep'"), 30)
        return started

    def test_1_what_is_refused_has_a_name(self):
        [good] = self.findings(GOOD)
        self.assertEqual(good["severity"], "info")
        self.assertRegex(good["evidence"], rf"scratch database pgconvoy_trial_[a-z0-9]{{10}} on {self.new} and removed again")
        self.assert_nothing_left()
        refused, after = self.findings(BROKEN)
        self.assertEqual(refused["severity"], "block")
        self.assertIn("aggregate odd schema.gather(anyelement) in database", refused["object"])
        self.assertIn("function array_append(anyarray, anyelement) does not exist", refused["evidence"])
        self.assertIn("1 more object", after["evidence"])
        self.assert_nothing_left()
        # And it is nothing but true: so fails the restore.
        done = self.lab.migrate("--limit", BROKEN, "--no-check", "to see it fail")
        self.assert_exit(done, 1)
        self.assertIn("array_append", done.stdout + done.stderr)

    def test_2_not_without_being_asked(self):
        self.assert_exit(self.lab.run("check", *self.lab.fleet_arguments("--limit", GOOD)), 0)
        self.assertNotIn("trial_restore", self.lab.run("check", *self.lab.fleet_arguments("--limit", GOOD, "-v")).stdout)

    def test_3_interrupted(self):
        with self.start_slow() as started:
            started.signal(signal.SIGINT)
            code, output = started.finish(30)
        self.assertEqual(code, INTERRUPTED, output)
        self.assertIn("removed first", output)
        self.assert_nothing_left()

    def test_4_killed_and_the_next_one(self):
        with self.start_slow() as started:
            started.signal(signal.SIGKILL)
            started.finish(30)
        self.assertEqual(len(self.lab.leftovers(self.new)), 2)
        self.assertIn("a killed check --trial left pgconvoy_trial_", self.lab.run("doctor", "-f", self.lab.fleet).stdout)
        self.assert_exit(self.check("--limit", GOOD), 0)
        self.assert_nothing_left()

    def test_5_two_at_a_time_leave_each_other_alone(self):
        with self.start_slow() as started:
            running = self.lab.leftovers(self.new)
            self.assertNotIn("pgconvoy_trial_", self.lab.run("doctor", "-f", self.lab.fleet).stdout)
            self.assert_exit(self.check("--limit", GOOD), 0)
            self.assertEqual(self.lab.leftovers(self.new), running)
            started.signal(signal.SIGTERM)
            self.assertEqual(started.finish(30)[0], INTERRUPTED)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
