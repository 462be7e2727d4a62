"""Several workers of one run, led from another terminal: waves, soak, approval, batches, a region's window, pause and cancel; and
what the site's hooks are told of it. Also runs without a target, and with one."""
import datetime
import json
import os
import signal
import time
import unittest

import yaml

from .support import ScenarioTest, wait_for
from .workers_test import CAP, LEASE, WorkersTest

USAGE, HALTED, BLOCKED = 2, 3, 4
SOON = 1.0  # seconds in which a word takes effect


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class HookedTest(WorkersTest):
    """A fleet file of its own, with a hook that keeps what it is told."""

    def write_fleet(self, change, name="led.yaml"):
        """The laboratory's fleet after change(fleet), with its paths absolute and a hook; returns its path."""
        lab, fleet = self.lab, self.read_fleet()
        self.heard_file = os.path.join(lab.base, f"{name}.heard")
        fleet["hooks"] = {"ear": {"command": ["/bin/sh", "-c", f"cat >> {self.heard_file}"],
                                  "events": ["wave_opened", "wave_ended", "wave_approved", "limits_set", "target_asked", "run_intent", "run_ended", "owner_notice"]}}
        change(fleet)
        text = yaml.safe_dump(fleet)
        for folder in ("apps/", "secrets/", "nginx/maintenance"):
            text = text.replace(folder, f"{lab.directory}/{folder}")
        return lab.file(name, text)

    def heard(self):
        """(kind, data), in the order in which the hook was told."""
        if not os.path.exists(self.heard_file):
            return []
        with open(self.heard_file, encoding="utf-8") as file:
            events = [json.loads(line)["event"] for line in file if line.strip()]
        return [(event["kind"], event["data"]) for event in events]

    def own_events(self, kind, run):
        return [event[5] for event in self.server.events(run) if event[4] == kind and event[1] == 0]

    def waits_for(self, why, run):
        waits = self.own_events("run_waits", run)
        return bool(waits) and any(each["why"] == why for each in waits[-1]["waits"])

    def run_state(self, run):
        return self.server.rows("SELECT state FROM pgconvoy.runs WHERE id = %s", run)[0][0]


class AllTogetherTest(HookedTest):
    laboratory_options = {"regions": 2, "databases": 8, "apps": 1, "seed": 77}

    def test_waves_soak_approval_batches_and_a_window(self):
        lab = self.lab
        now = datetime.datetime.now(datetime.timezone.utc)
        opens = now + datetime.timedelta(hours=3)
        closed = f"{opens:%H:%M}-{opens + datetime.timedelta(hours=1):%H:%M}"

        def change(fleet):
            fleet["regions"]["us-east"]["windows"] = [closed]
            here = sorted(name for name, each in fleet["environments"].items() if each["region"] == "eu-west" and name not in lab.record["applications"])
            for name in here[:2]:
                fleet["environments"][name]["labels"] = {"canary": "true"}
            self.here = [name for name, each in fleet["environments"].items() if each["region"] == "eu-west"]

        fleet = self.write_fleet(change)
        run = self.begin("-f", fleet, "--waves", "2,100%", "--soak", "1s", "--approve", "--batch", "3", "--no-test-first")
        with self.worker() as first, self.worker() as second, self.worker("--region", "eu-west") as third:
            wait_for("the first wave to wait for a person", lambda: self.waits_for("approval", run), seconds=60)
            self.assertEqual(list(self.server.target_states(run).values()).count("succeeded"), 2)
            soaked, = self.own_events("wave_ended", run)
            self.assert_exit(self.run_on("approve", f"r{run}", "--reason", "both sing"), 0)
            # One more makes three: the batch is through, and the run rests, for all of them.
            wait_for("the batch to be through", lambda: self.run_state(run) == "halted", seconds=60)
            opened = self.server.rows("SELECT at FROM pgconvoy.events WHERE run = %s AND kind = 'wave_opened'", run)[0][0]
            self.assertGreaterEqual(when(opened), when(soaked["soak_until"]))
            self.assertEqual(list(self.server.target_states(run).values()).count("succeeded"), 3)
            self.assertTrue(self.waits_for("batch", run))
            # The next call takes the last of this region, and rests because the other one is closed.
            going_on = ["run", *lab.fleet_arguments("-f", fleet), "--continue", "--yes", "--lease", f"{LEASE}s"]
            rested = self.assert_exit(self.run_on(*going_on), HALTED)
            self.assertIn("region us-east is closed until", rested.stdout + rested.stderr)
            states = self.server.target_states(run)
            self.assertEqual({name for name, state in states.items() if state == "succeeded"}, set(self.here))
            self.assert_exit(self.run_on("set", f"r{run}", "window=always", "batch=none"), 0)
            self.assert_exit(self.run_on("resume", f"r{run}", "--lease", f"{LEASE}s"), 0)
            outputs = [self.finish(each) for each in (first, second, third)]
        self.assert_each_done_once(run)
        self.assert_databases_moved()
        # The one that was started for a region took nothing of the other's.
        by_worker = {}
        for _, target, _, _, kind, data in self.server.events(run):
            if kind == "target_claimed":
                by_worker.setdefault(data["pid"], set()).add(target)
        regions = dict(self.server.rows("SELECT number, region FROM pgconvoy.targets WHERE run = %s", run))
        self.assertEqual({regions[target] for target in by_worker.get(third.process.pid, set())} - {"eu-west"}, set(), outputs)
        # What people said, and what the run said of itself, is told once whoever carries it out. (Between two calls nobody listens: set.)
        kinds = [kind for kind, _ in self.heard()]
        self.assertEqual(kinds.count("wave_approved"), 1, kinds)
        self.assertEqual(kinds.count("wave_ended"), len(self.own_events("wave_ended", run)), kinds)
        self.assertEqual(kinds.count("wave_opened"), len(self.own_events("wave_opened", run)), kinds)
        self.assertEqual(kinds.count("run_ended"), len(self.own_events("run_ended", run)), kinds)


class WordsTest(HookedTest):
    laboratory_options = {"regions": 2, "databases": 12, "apps": 1, "seed": 79}

    def at_of(self, run, sequence):
        return when(self.server.rows("SELECT at FROM pgconvoy.events WHERE run = %s AND sequence = %s", run, sequence)[0][0])

    def three_at_work(self, run):
        """Until three workers are at the run and as many restores as allowed have begun, whoever has them; returns the workers."""
        workers = [self.enterContext(self.worker()) for _ in range(3)]
        wait_for("three workers", lambda: self.server.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'")[0][0] == 3)
        wait_for("three restores at a time", lambda: self.server.rows(
            "SELECT count(*) FROM pgconvoy.steps WHERE run = %s AND status = 'started' AND path LIKE '%%/restore_backup%%'", run)[0][0] == CAP, seconds=60, every=0)
        return workers

    def test_pause_then_cancel_with_rollback(self):
        lab = self.lab
        for each in lab.record["databases"]:
            lab.make_slow(each["environment"], 4)
        fleet = self.write_fleet(lambda _: None)
        run = self.begin("-f", fleet)
        workers = self.three_at_work(run)
        self.assert_exit(self.run_on("set", f"r{run}", "max-failures=5"), 0)
        self.assert_exit(self.run_on("pause", f"r{run}", "--reason", "the storage is being moved"), 0)
        wait_for("the run to rest", lambda: self.run_state(run) == "halted", seconds=40)
        paused, = [event[0] for event in self.server.events(run) if event[4] == "run_intent"]
        self.assertEqual([event for event in self.server.events(run) if event[0] > paused and event[4] == "target_claimed"], [])
        states = list(self.server.target_states(run).values())
        self.assertEqual((states.count("succeeded"), states.count("pending")), (CAP, 12 - CAP))
        kinds = [kind for kind, _ in self.heard()]
        self.assertEqual((kinds.count("limits_set"), kinds.count("run_intent")), (1, 1), kinds)

        before = lab.catalogs()
        resumed = self.enterContext(lab.start("resume", f"r{run}", "--lease", f"{LEASE}s", journal=self.url))
        wait_for("three restores at a time again", lambda: self.server.rows(
            "SELECT count(*) FROM pgconvoy.steps WHERE run = %s AND status = 'started' AND path LIKE '%%/restore_backup%%'", run)[0][0] == CAP, seconds=60, every=0)
        in_flight = [name for name, state in self.server.target_states(run).items() if state == "running"]
        self.assert_exit(self.run_on("cancel", f"r{run}", "--rollback"), 0)
        code, output = resumed.finish()
        self.assertEqual(code, HALTED, output)
        self.assertEqual(self.run_state(run), "cancelled")
        said = [event[0] for event in self.server.events(run) if event[4] == "run_intent" and event[5].get("intent") == "cancel"]
        self.assertEqual(len(said), 1)
        turned = [event[0] for event in self.server.events(run) if event[0] > said[0] and event[4] == "target_rolling_back"]
        self.assertEqual(len(turned), len(in_flight), output)
        took = max((self.at_of(run, sequence) - self.at_of(run, said[0])).total_seconds() for sequence in turned)
        print(f"\ncancel --rollback reached {len(turned)} targets of several workers in {took:.2f} s", flush=True)
        self.assertLess(took, SOON)
        self.assertEqual([event for event in self.server.events(run) if event[0] > said[0] and event[4] == "target_claimed"], [])
        states = self.server.target_states(run)
        self.assertEqual({states[name] for name in in_flight}, {"rolled_back"})
        self.assertEqual(sorted(set(states.values())), ["rolled_back", "skipped", "succeeded"])
        for worker in workers:
            self.finish(worker)
        self.assertEqual(lab.catalogs(), before)
        self.assert_exit(self.run_on("journal", "verify"), 0)


class FewTest(WorkersTest):
    laboratory_options = {"regions": 1, "databases": 2, "apps": 1, "seed": 81}

    def test_no_target_and_one(self):
        lab = self.lab
        self.assert_exit(self.run_on("run", *lab.fleet_arguments("--limit", "no-such-target"), "--yes", "--detach"), USAGE)
        self.assertEqual(self.server.rows("SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'pgconvoy'")[0][0], 0)
        # As many at it as there are targets more than needed.
        one = lab.record["databases"][0]["environment"]
        run = self.begin("--limit", one)
        with self.worker() as first, self.worker() as second, self.worker("--run", f"r{run}") as third:
            code, output = third.finish()
            self.assertEqual(code, 0, output)
            self.assertTrue(self.ended(run))
            for each in (first, second):
                self.finish(each)
        self.assert_each_done_once(run)
        self.assertEqual(self.server.most_at_once(run), 1)
        begun = [event for event in self.server.events(run) if event[4] == "target_claimed"]
        self.assertEqual(len(begun), 1)
        # All that there was is done: the next call finds nothing, and that is success.
        going_on = ["run", *lab.fleet_arguments("--limit", one), "--continue", "--yes"]
        self.assertIn("nothing is left to do", self.assert_exit(self.run_on(*going_on), 0).stdout)
        self.assertEqual(self.server.rows("SELECT count(*) FROM pgconvoy.runs")[0][0], 1)
        with self.worker() as idle:
            wait_for("it to listen", lambda: self.server.rows("SELECT 1 FROM pg_stat_activity WHERE application_name LIKE %s AND query LIKE 'LISTEN%%'",
                                                              f"pgconvoy leases%pid {idle.process.pid}"))
            time.sleep(0.5)  # and to hear signals, right after
            self.finish(idle)
        self.assert_exit(self.run_on("status", f"r{run}"), 0)


class SoakTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 2, "apps": 1, "seed": 83}

    def test_an_application_that_dies_in_the_soak_stops_the_run(self):
        lab = self.lab
        application, = sorted(lab.record["applications"])
        fleet = self.read_fleet()
        fleet["environments"][application]["labels"] = {"canary": "true"}
        text = yaml.safe_dump(fleet)
        for folder in ("apps/", "secrets/", "nginx/maintenance"):
            text = text.replace(folder, f"{lab.directory}/{folder}")
        labelled = lab.file("soak.yaml", text)
        with lab.start("run", *lab.fleet_arguments("-f", labelled, "--waves", "1,100%", "--soak", "60s", "--no-test-first"), "--yes") as running:
            wait_for("the soak", lambda: lab.journal.rows("SELECT 1 FROM events WHERE kind = 'wave_ended'"), seconds=40)
            self.assert_healthy_on(application, 15)
            with open(lab.path("apps", application, "app.pid"), encoding="utf-8") as file:
                os.kill(int(file.read().split()[0]), signal.SIGKILL)
            began = time.monotonic()
            code, output = running.finish()
        self.assertEqual(code, HALTED, output)
        self.assertLess(time.monotonic() - began, 50, "the soak was waited for")
        [(told,)] = lab.journal.rows("SELECT data FROM events WHERE kind = 'app_unhealthy'")
        self.assertEqual(json.loads(told)["environment"], application)
        self.assertIn("1 failed", output)
        states = lab.journal.target_states()
        self.assertEqual(states.pop(application), "succeeded")  # it was moved; whether it goes back is for a person
        self.assertEqual(set(states.values()), {"pending"})
        self.assert_journal_clean()


if __name__ == "__main__":
    unittest.main()
