"""How a run goes over a fleet and is led from another terminal: canaries, waves, approval, budgets, skip, retry, set, continue."""
import signal
import sys
import time
import unittest

import yaml

from .support import ScenarioTest, wait_for

USAGE, SOME_FAILED, HALTED = 2, 1, 3
RESTORE = "restore_backup_to_reprovisioned_services"


class WavesTest(ScenarioTest):
    # Environments by index; every fourth is of stage test. The first one has an application.
    laboratory_options = {"regions": 1, "databases": 17, "apps": 1, "seed": 61}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.application = sorted(cls.lab.record["applications"])[0]
        plain = [each["environment"] for each in cls.lab.record["databases"] if each["environment"] != cls.application]
        cls.test_stage = [each for each in plain if each.endswith("-test")]
        cls.live = [each for each in plain if each.endswith("-live")]

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def limits(self, *targets):
        return [text for target in targets for text in ("--limit", target)]

    def own_events(self, kind, run=1):
        return [yaml.safe_load(data) for (data,) in
                self.lab.journal.rows("SELECT data FROM events WHERE run = ? AND kind = ? ORDER BY sequence", run, kind)]

    def waits_for(self, why):
        waits = self.own_events("run_waits")
        return waits and [each for each in waits[-1]["waits"] if each["why"] == why]

    def order(self, run=1):
        return [target for (target,) in self.lab.journal.rows("SELECT id FROM targets WHERE run = ? ORDER BY number", run)]

    def take(self, count, stage="live"):
        """So many targets that no other test uses."""
        pool = self.live if stage == "live" else self.test_stage
        taken = [pool.pop() for _ in range(count)]
        return taken if count > 1 else taken[0]

    def test_canary_soak_approval_and_a_restart_while_it_waits(self):
        lab, canary, others = self.lab, self.take(1, "test"), self.take(2)
        arguments = lab.fleet_arguments(*self.limits(canary, *others), "--waves", "1,100%", "--soak", "1s", "--approve")
        planned = self.assert_exit(lab.run("plan", *arguments), 0).stdout
        self.assertIn("2 waves: targets 1, 2-3", planned)
        self.assertEqual(self.order()[0], canary)
        self.assertIn("canary: a small test target", lab.run("plan", *arguments, "-v").stdout)
        with lab.start("run", "--plan", "r1", "--yes") as running:
            wait_for("the first wave to wait", lambda: self.waits_for("approval"))
            running.signal(signal.SIGKILL)
            running.finish()
        self.assertEqual(lab.journal.target_states(), {canary: "succeeded", **dict.fromkeys(others, "pending")})
        status = lab.run("status", "r1").stdout
        self.assertRegex(status, r"wave 1 of 2: targets 1 to 1, over")
        self.assertIn("pgconvoy approve r1", status)
        with lab.start("resume", "r1") as running:
            wait_for("it to wait again", lambda: len(self.own_events("run_waits")) > 1 and self.waits_for("approval"))
            self.assertTrue(lab.json("status", "r1")["rollout"]["needs_approval"])
            began = time.monotonic()
            self.assert_exit(lab.run("approve", "r1", "--reason", "the canary sings"), 0)
            wait_for("the second wave", lambda: self.own_events("wave_opened"), seconds=5)
            self.assertLess(time.monotonic() - began, 3)
            self.assertRegex(self.assert_exit(lab.run("approve", "r1"), USAGE).stderr, "last wave|already")
            self.assert_exit(lab.run("set", "r1", "concurrency-per-region=1", "concurrency=1"), 0)
            code, output = running.finish()
        self.assertEqual(code, 0, output)
        self.assertEqual(set(lab.journal.target_states().values()), {"succeeded"})
        [approved] = self.own_events("wave_approved")
        self.assertEqual((approved["wave"], approved["reason"]), (2, "the canary sings"))
        self.assertIn("@", approved["by"])
        self.assertIn("concurrency-per-region=1", lab.run("events", "r1").stdout + lab.run("logs", "r1").stdout)
        self.assert_journal_clean()

    def test_budget_stops_and_what_failed_is_retried(self):
        lab, application, other = self.lab, self.application, self.take(1)
        fleet = self.read_fleet()
        fleet["environments"][application]["labels"] = {"canary": "true"}
        labelled = lab.file("labelled.yaml", yaml.safe_dump(fleet).replace("apps/", f"{lab.directory}/apps/").replace("secrets/", f"{lab.directory}/secrets/")
                            .replace("nginx/maintenance", f"{lab.directory}/nginx/maintenance"))
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15)
        impatient = lab.edited_runbook(redeploy="{health_timeout: 2s}")
        done = lab.migrate("-f", labelled, "--runbook", impatient, *self.limits(application, other), "--concurrency", "1")
        self.assert_exit(done, HALTED)
        self.assertIn("1 failed in this run, more than its budget", done.stdout + done.stderr)
        self.assertEqual(self.order(), [application, other])
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back", other: "pending"})
        # No timer goes on with that.
        going_on = ["run", *lab.fleet_arguments("-f", labelled, "--runbook", impatient, *self.limits(application, other)), "--continue", "--yes"]
        self.assertRegex(self.assert_exit(lab.run(*going_on), HALTED).stderr, "halted by its failures")
        self.assertRegex(self.assert_exit(lab.run("approve", "r1"), USAGE).stderr, "doesn't wait for anybody")
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=None)
        self.assert_exit(lab.run("retry", "r1", "--failed"), 0)
        self.assertEqual(lab.journal.target_states(), {application: "succeeded", other: "pending"})
        self.assert_exit(lab.run("resume", "r1"), 0)
        self.assert_healthy_on(application, 15)
        self.assert_journal_clean()

    def pauses(self):
        """Of each target: from the start of its page's step to the end of that which takes it off, as places in the journal: the clock may show the
        same for both."""
        moments = self.lab.journal.rows("""SELECT targets.id, events.kind, events.sequence FROM events JOIN targets ON targets.run = events.run AND targets.number = events.target
            WHERE events.run = 1 AND ((events.kind = 'step_started' AND events.step LIKE '%/page_on@%')
                                      OR (events.kind = 'step_succeeded' AND events.step LIKE '%/page_off@%')) ORDER BY events.sequence""")
        found = {}
        for target, kind, sequence in moments:
            found.setdefault(target, {})[kind] = sequence
        return sorted((each["step_started"], each.get("step_succeeded", sys.maxsize)) for each in found.values())

    def test_pauses_at_a_time_beside_targets_in_flight(self):
        lab, targets = self.lab, self.take(3)
        for target in targets:
            lab.make_slow(target, 0.7)
        arguments = lab.fleet_arguments(*self.limits(*targets), "--way", "short-pause", "--concurrency", "3", "--concurrency-per-region", "3", "--max-paused", "1")
        self.assertIn("max-paused 1", self.assert_exit(lab.run("plan", *arguments, "-v"), 0).stdout)
        with lab.start("run", "--plan", "r1", "--yes") as running:
            wait_for("somebody who waits", lambda: lab.run("status", "r1").stdout.count("prepared, waits for its pause") == 2)
            wait_for("the first to be through", lambda: self.lab.journal.has_begun("page_off"), every=0)
            self.assertIn("max-paused 2, was 1", self.assert_exit(lab.run("set", "r1", "max-paused=2"), 0).stdout)
            code, output = running.finish()
        self.assertEqual(code, 0, output)
        first, second, third = self.pauses()
        self.assertLess(first[1], second[0])  # while there was one place
        self.assertLess(third[0], second[1])  # when there were two
        prepared = [sequence for (sequence,) in lab.journal.rows("SELECT sequence FROM events WHERE kind = 'step_succeeded' AND step LIKE 'prepare_reprovisioned_services@%'")]
        self.assertEqual(len(prepared), 3)
        self.assertLess(max(prepared), first[1])

    def test_skip_retry_and_throttle_while_it_runs(self):
        lab, targets = self.lab, self.take(3)
        arguments = lab.fleet_arguments(*self.limits(*targets), "--concurrency", "1", "--throttle-when", "active>0")
        self.assert_exit(lab.run("plan", *arguments), 0)
        first, second, third = self.order()
        lab.make_slow(first, 5)
        busy = lab.start_session(lab.server("eu-west", 13), "SELECT pg_sleep(120)")
        try:
            wait_for("the server to be busy", lambda: lab.psql(lab.server("eu-west", 13), """
                SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"""))
            with lab.start("run", "--plan", "r1", "--yes") as running:
                wait_for("the server to be too busy", lambda: self.waits_for("server"))
                self.assertRegex(lab.run("status", "r1").stdout, r"3 targets wait: server eu-west-pg13: 1 active sessions, more than 0")
                self.assert_exit(lab.run("set", "r1", "throttle-when=none"), 0)
                wait_for("the restore of the first", lambda: lab.journal.is_started(RESTORE, first), every=0)
                began = time.monotonic()
                self.assert_exit(lab.run("skip", "r1", second, "--reason", "a sale"), 0)
                self.assertLess(time.monotonic() - began, 2)
                self.assertEqual(lab.journal.target_states()[second], "skipped")
                self.assertRegex(self.assert_exit(lab.run("skip", "r1", first), USAGE).stderr, "under way")
                self.assertRegex(self.assert_exit(lab.run("set", "r1", "concurrency=none"), USAGE).stderr, "whole number")
                self.assertRegex(self.assert_exit(lab.run("set", "r1", "concurency=2"), USAGE).stderr, "concurrency")
                asked = lab.json("retry", "r1", "--failed")
                self.assertEqual((asked["what"], len(asked["targets"])), ("retry", 1))
                code, output = running.finish()
        finally:
            busy.kill()
            busy.wait()
        self.assertEqual(code, 0, output)
        self.assertEqual(set(lab.journal.target_states().values()), {"succeeded"})
        self.assertEqual([each["what"] for each in self.own_events("target_asked")], ["skip", "retry"])
        self.assert_journal_clean()

    def test_continue_takes_what_is_new_and_nothing_twice(self):
        lab, old, new, skipped = self.lab, self.take(1), self.take(1), self.take(1, "test")
        # The same file, with more in it each time.
        whole = self.read_fleet()

        def write(*environments):
            part = {**whole, "environments": {key: value for key, value in whole["environments"].items() if key in environments}}
            bound = {binding["instance"] for each in part["environments"].values() for binding in each["bindings"]}
            part["instances"] = {key: value for key, value in whole["instances"].items() if key in bound}
            return lab.file("growing.yaml", yaml.safe_dump(part).replace("secrets/", f"{lab.directory}/secrets/"))

        def go_on():
            return lab.run("run", *lab.fleet_arguments("-f", fleet), "--continue", "--yes")

        fleet = write(old, skipped)
        self.assert_exit(lab.run("plan", *lab.fleet_arguments("-f", fleet)), 0)
        self.assert_exit(lab.run("skip", "r1", skipped), 0)
        self.assert_exit(lab.run("run", "--plan", "r1", "--yes"), SOME_FAILED)
        self.assertEqual(lab.journal.target_states(), {old: "succeeded", skipped: "skipped"})
        write(old, skipped, new)
        done = self.assert_exit(go_on(), 0)
        self.assertEqual(lab.journal.target_states(2), {skipped: "succeeded", new: "succeeded"}, done.stdout)
        self.assertIn('"continues":"r1"', lab.journal.rows("SELECT data FROM events WHERE run = 2 AND kind = 'run_planned'")[0][0])
        self.assertIn("nothing is left to do", self.assert_exit(go_on(), 0).stdout)
        self.assertEqual(lab.journal.rows("SELECT count(*) FROM runs"), [(2,)])
        self.assert_journal_clean()


if __name__ == "__main__":
    unittest.main()
