"""Several workers and one journal in PostgreSQL: one is killed, one frozen past its lease, the journal's server crashes. Every target
is done once, no more at a time than allowed, and nothing of a worker that was given up is taken."""
import contextlib
import signal
import unittest

from .journal_server import JournalServer, Line
from .support import ScenarioTest, wait_for

LEASE = 4  # seconds
CAP, CAP_OF_REGION = 3, 2


class WorkersTest(ScenarioTest):
    """What the tests below share."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(JournalServer(cls.lab))
        cls.url = cls.server.url()

    def run_on(self, *arguments, **options):
        return self.lab.run(*arguments, journal=self.url, **options)

    def worker(self, *more, url=None, **how):
        return self.lab.start("worker", "--lease", f"{LEASE}s", *more, journal=url or self.url, **how)

    def begin(self, *more):
        """The next run, left to workers. Returns its number."""
        begun = self.run_on("run", *self.lab.fleet_arguments(*more), "--concurrency", str(CAP), "--concurrency-per-region", str(CAP_OF_REGION),
                            "--yes", "--detach", "--output", "json")
        self.assert_exit(begun, 0)
        return self.server.rows("SELECT max(id) FROM pgconvoy.runs")[0][0]

    def ended(self, run):
        return self.server.rows("SELECT state FROM pgconvoy.runs WHERE id = %s", run)[0][0] not in ("planned", "running")

    def finish(self, worker, number=signal.SIGTERM):
        worker.signal(number)
        code, output = worker.finish()
        self.assertEqual(code, 0, output)
        return output

    def assert_each_done_once(self, run):
        states = self.server.target_states(run)
        self.assertEqual(set(states.values()), {"succeeded"}, states)
        succeeded = {}
        for _, target, step, _, kind, _ in self.server.events(run):
            if kind == "step_succeeded":
                succeeded[target, step] = succeeded.get((target, step), 0) + 1
            elif kind == "step_undone":
                succeeded.pop((target, step), None)
        self.assertEqual({key: times for key, times in succeeded.items() if times != 1}, {})
        self.assertLessEqual(self.server.most_at_once(run), CAP)
        for region in ("eu-west", "eu-north", "us-east"):
            self.assertLessEqual(self.server.most_at_once(run, region), CAP_OF_REGION)
        self.assert_exit(self.run_on("journal", "verify"), 0)
        self.assertEqual(self.server.rows("SELECT count(*) FROM pgconvoy.leases")[0][0], 0)

    def assert_databases_moved(self):
        for each in self.lab.record["databases"]:
            new = each["server"].replace("pg13", "pg15")
            self.assertIn(each["database"], self.lab.user_databases(new))
            self.assertNotIn(each["database"], self.lab.user_databases(each["server"]))
        for name in self.lab.record["servers"]:
            self.assertEqual([left for left in self.lab.leftovers(name) if not left.endswith("_old")], [])

    def slow_ones(self):
        """Targets whose restore takes a while, so that there is a time to hit."""
        for each in self.lab.record["databases"]:
            self.lab.make_slow(each["environment"], 1.5)


class KilledAndFrozenTest(WorkersTest):
    laboratory_options = {"regions": 2, "databases": 8, "apps": 2, "seed": 71}

    def test_killed_frozen_and_a_journal_that_crashes(self):
        self.slow_ones()
        applications = sorted(self.lab.record["applications"])
        writers = [self.lab.start_writer(application, rate=20) for application in applications]
        for writer in writers:
            writer.wait_for_more()
        run = self.begin()
        most_in_activity = [0]
        seen_last = set()

        # A look goes from server to server, so it isn't one instant: who is seen in two looks in a row was busy between them.
        def look_at_activity():
            busy = set()
            for server in self.lab.record["servers"]:
                busy |= {"/".join(name.split("/")[1:3]) for name in self.lab.backends(server) if "/t" in name and f"-r{run}/" in name}
            most_in_activity[0] = max(most_in_activity[0], len(busy & seen_last))
            seen_last.clear()
            seen_last.update(busy)
            return self.ended(run)

        with self.worker() as first, self.worker() as second, self.worker() as third:
            # One is gone from one moment to the next, with its programs.
            self.server.wait_for_holder(first.process.pid)
            first.signal(signal.SIGKILL)
            killed_at = self.server.rows("SELECT max(sequence) FROM pgconvoy.events")[0][0]
            # One stands still, longer than its lease; its programs go on meanwhile.
            frozen = self.server.wait_for_holder(second.process.pid)
            second.signal(signal.SIGSTOP)
            epochs = dict(self.server.rows("SELECT number, epoch FROM pgconvoy.targets WHERE run = %s AND number = ANY(%s)", run, frozen))
            wait_for("another to take over what the frozen one held", lambda: all(
                self.server.rows("SELECT epoch FROM pgconvoy.targets WHERE run = %s AND number = %s", run, target)[0][0] > epoch
                or self.server.target_states(run).get(target) for target, epoch in epochs.items()), seconds=40)
            taken_over_at = self.server.rows("SELECT max(sequence) FROM pgconvoy.events")[0][0]
            second.signal(signal.SIGCONT)
            # The journal's server crashes and comes back.
            self.server.stop(signal.SIGQUIT)
            self.server.start()
            wait_for("the end of the run", look_at_activity, seconds=80, every=0.2)
            outputs = [self.finish(second), self.finish(third)]
        self.assert_each_done_once(run)
        self.assertLessEqual(most_in_activity[0], CAP)
        for writer in writers:
            writer.wait_for_more()
            writer.stop()
        for application in applications:
            self.assert_healthy_on(application, 15)
        for application, writer in zip(applications, writers):
            self.assert_ledger_complete(application, writer)
        self.assert_databases_moved()
        # Nothing that the frozen one had in hand was written after another had taken it.
        late = [event for event in self.server.events(run)
                if event[0] > taken_over_at and event[1] in epochs and event[3] <= epochs[event[1]]]
        self.assertEqual(late, [])
        self.assertGreater(taken_over_at, killed_at)
        # Those that were killed or frozen were gone on with by others.
        again = self.server.rows("SELECT count(*) FROM pgconvoy.targets WHERE run = %s AND epoch > 1", run)[0][0]
        self.assertGreaterEqual(again, 2, outputs)


class CutOffTest(WorkersTest):
    laboratory_options = {"regions": 1, "databases": 4, "apps": 1, "seed": 73}

    def test_cut_off_from_the_journal(self):
        self.slow_ones()
        run = self.begin()
        with contextlib.ExitStack() as workers:
            line = workers.enter_context(Line(self.server.port))
            far = workers.enter_context(self.worker(url=self.server.url(line.port)))
            held = self.server.wait_for_holder(far.process.pid)
            near = workers.enter_context(self.worker())  # not before: it may take as many as run at a time
            epochs = dict(self.server.rows("SELECT number, epoch FROM pgconvoy.targets WHERE run = %s AND number = ANY(%s)", run, held))
            line.cut()
            cut_at = self.server.rows("SELECT max(sequence) FROM pgconvoy.events")[0][0]
            wait_for("its targets to be taken over", lambda: all(
                self.server.rows("SELECT epoch FROM pgconvoy.targets WHERE run = %s AND number = %s", run, target)[0][0] > epoch
                for target, epoch in epochs.items()), seconds=40)
            # It has stopped by itself, and waits; its programs are gone.
            self.assertIsNone(far.process.poll())
            line.mend()
            wait_for("the end of the run", lambda: self.ended(run), seconds=60, every=0.1)
            outputs = [self.finish(far), self.finish(near)]
        late = [event for event in self.server.events(run) if event[0] > cut_at and event[1] in epochs and event[3] <= epochs[event[1]]]
        self.assertEqual(late, [], outputs)
        self.assert_each_done_once(run)
        self.assert_databases_moved()

    def test_beforehand_what_is_refused(self):
        lab = self.lab
        inside = lab.url(lab.server("eu-west", 15))
        refused = self.assert_exit(lab.run("plan", *lab.fleet_arguments(), journal=inside), 2)
        self.assertIn("the journal is on server eu-west-pg15, which is in the run", refused.stderr)
        self.assertEqual(lab.psql(lab.server("eu-west", 15), "SELECT nspname FROM pg_namespace WHERE nspname = 'pgconvoy'"), [])
        with_password = self.url.replace("postgres@", "postgres:hunter2@")
        told = self.assert_exit(lab.run("status", journal=with_password), 2)
        self.assertIn("PGCONVOY_JOURNAL_PASSWORD", told.stderr)
        self.assertNotIn("hunter2", told.stdout + told.stderr)
        in_a_file = self.assert_exit(lab.run("worker"), 2)
        self.assertIn("journal", in_a_file.stderr)


class LedTest(WorkersTest):
    laboratory_options = {"regions": 1, "databases": 4, "apps": 1, "seed": 75}

    def test_paused_and_resumed_from_elsewhere(self):
        lab = self.lab
        self.slow_ones()
        self.assert_exit(self.run_on("plan", *lab.fleet_arguments("--concurrency", "2", "--concurrency-per-region", "2")), 0)
        with lab.start("run", "--plan", "r1", "--yes", "--lease", f"{LEASE}s", journal=self.url) as first, self.worker() as second:
            self.server.wait_for_holder(first.process.pid)
            status = self.assert_exit(self.run_on("status"), 0)
            self.assertIn(f"pid {first.process.pid}: ", status.stdout)
            refused = self.assert_exit(self.run_on("rollback", "r1", "--yes"), 2)
            self.assertIn(f"pid {first.process.pid}", refused.stderr)
            self.assert_exit(self.run_on("pause", "r1"), 0)
            code, output = first.finish()
            self.assertEqual(code, 3, output)
            paused, = [event[0] for event in self.server.events() if event[4] == "run_intent"]
            self.assertEqual([event for event in self.server.events() if event[0] > paused and event[4] == "target_claimed"], [])
            states = self.server.target_states()
            self.assertIn("pending", states.values())
            self.assertNotIn("running", states.values())
            # Both take their part in the rest.
            resumed = self.assert_exit(self.run_on("resume", "r1", "--lease", f"{LEASE}s"), 0)
            self.assertIn("succeeded", resumed.stdout)
            self.finish(second)
        self.assert_each_done_once(1)
        self.assert_exit(self.run_on("report", "r1"), 0)
        self.assert_databases_moved()


if __name__ == "__main__":
    unittest.main()
