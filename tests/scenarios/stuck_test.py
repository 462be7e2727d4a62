"""Stuck is a place one can leave: status says what is known, resolve decides what pgconvoy can't, retry and rollback lead on."""
import json
import unittest

from .support import ScenarioTest, wait_for

USAGE = 2
BACK, FORWARD, BY_HAND = "shop-live", "billing-live", "forum-live"
FENCE, CLOSE, REDEPLOY = "fence_source", "close_source", "redeploy"


class StuckTest(ScenarioTest):
    """One run makes two targets stuck, one on its way back and one behind the pivot; each test leads one out."""
    laboratory_options = {"regions": 1, "databases": 3, "apps": 3, "seed": 5}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lab = cls.lab
        cls.old, cls.new = lab.server("eu-west", 13), lab.server("eu-west", 15)
        cls.before = lab.catalogs()
        # Never healthy on 15, so it goes back; but somebody has made a database of its name meanwhile.
        lab.set_environment(BACK, FAIL_HEALTH_ON_VERSION=15)
        # Its fenced database is renamed by somebody while it starts: it can't be closed any more.
        lab.set_environment(FORWARD, START_DELAY=2)
        cls.name = {each: lab.database_of(each)["database"] for each in (BACK, FORWARD, BY_HAND)}
        cls.runbook = lab.edited_runbook(redeploy="{health_timeout: 6s}")
        cls.writers = {each: lab.start_writer(each, rate=20) for each in (BACK, FORWARD)}
        for writer in cls.writers.values():
            writer.wait_for_more()
        with lab.start("run", *lab.fleet_arguments("--runbook", cls.runbook, "--limit", BACK, "--limit", FORWARD), "--yes") as run:
            wait_for("the first target to be fenced", lambda: cls.step_state(BACK, FENCE) == "succeeded")
            lab.psql(cls.old, f"CREATE DATABASE {cls.name[BACK]}")
            wait_for("the second application to start", lambda: lab.journal.is_started(REDEPLOY, FORWARD), every=0)
            [fenced] = cls.fenced(FORWARD)
            lab.psql(cls.old, f'ALTER DATABASE "{fenced}" RENAME TO somewhere_else')
            cls.while_running = lab.run("resolve", "r1", BACK, "--step", FENCE, "--as", "absent", "--reason", "too early")
            cls.code, cls.output = run.finish()

    @classmethod
    def step_state(cls, target, operation, run=1):
        rows = cls.lab.journal.rows("""SELECT steps.path, steps.status FROM steps JOIN targets ON targets.run = steps.run AND targets.number = steps.target
                                       WHERE steps.run = ? AND targets.id = ?""", run, target)
        return next((status for path, status in rows if path.split("@")[0].split("/")[-1] == operation), None)

    @classmethod
    def fenced(cls, target, run=1):
        rows = cls.lab.journal.rows("""SELECT steps.path, steps.intent FROM steps JOIN targets ON targets.run = steps.run AND targets.number = steps.target
                                       WHERE steps.run = ? AND targets.id = ?""", run, target)
        return [json.loads(intent)["fenced_name"] for path, intent in rows if f"/{FENCE}@" in path]

    def step(self, target, operation, run="r1"):
        """(all of status RUN TARGET, one step of it)."""
        document = self.lab.json("status", run, target)
        return document, next(step for step in document["steps"] if step["operation"] == operation)

    def events(self):
        return self.lab.journal.rows("SELECT count(*) FROM events")

    def assert_refused(self, pattern, *arguments):
        """Exit code 2, the text, and nothing journaled."""
        before = self.events()
        done = self.assert_exit(self.lab.run("resolve", *arguments, "--reason", "because"), USAGE)
        self.assertRegex(done.stderr, pattern)
        self.assertEqual(self.events(), before)

    def test_what_was_not_stuck_yet_was_not_resolved(self):
        self.assertEqual(self.code, 1, self.output)
        self.assertEqual(self.while_running.returncode, USAGE, self.while_running.stdout)
        self.assertRegex(self.while_running.stderr, r"r1 is being run by host .* pid \d+")

    def test_the_way_back_goes_on_after_the_fence_was_lifted_by_hand(self):
        lab = self.lab
        document, fence = self.step(BACK, FENCE)
        target = document["target"]
        [fenced] = self.fenced(BACK)
        self.assertEqual((target["state"], target["is_paused"], document["run"]["alive"]), ("stuck", True, False))
        self.assertTrue(lab.page_is_on(BACK))
        self.assertTrue(target["page"].startswith("on, for"), target["page"])
        self.assertRegex(target["live_database"], "^neither")
        self.assertEqual([each["fenced_name"] for each in target["fenced"]], [fenced])
        self.assertEqual((fence["state"], fence["is_open"]), ("undo_failed", True))
        self.assertIn("already exists", fence["error"]["message"])
        self.assertIn("its undo failed", fence["known"])
        self.assertEqual(len(target["old_url"]), 1)
        self.assertIn(fenced, target["old_url"][0])
        command = f"pgconvoy resolve r1 {BACK} --step {fence['path']} --as done|absent|skip --reason TEXT"
        self.assertIn(command, target["commands"])
        text = self.assert_exit(lab.run("status", "r1", BACK), 0).stdout
        for word in (command, f"pgconvoy rollback r1 {BACK}", f"pgconvoy retry r1 {BACK}", "undo failed", fenced, self.old):
            self.assertIn(word, text)

        self.assert_refused(r'no step "fence_sorce" \(did you mean "fence_source"', "r1", BACK, "--step", "fence_sorce", "--as", "absent")
        self.assert_refused("must be reachable when the target is rolled back", "r1", BACK, "--step", FENCE, "--as", "skip")
        self.assert_refused("page_on.* is done", "r1", BACK, "--step", "page_on", "--as", "absent")
        self.assert_refused("redeploy.* is undone", "r1", BACK, "--step", REDEPLOY, "--as", "absent")
        self.assert_refused("close_source.* was never started", "r1", BACK, "--step", CLOSE, "--as", "done")
        self.assert_refused("which step is meant is not said", "r1", BACK, "--as", "done")
        self.assert_refused("--as absent is about a step", "r1", BACK, "--as", "absent")
        self.assert_refused(f'no target "{BACK}x"', "r1", BACK + "x", "--step", FENCE, "--as", "absent")
        self.assert_refused("forum-live", "r1", BY_HAND, "--step", FENCE, "--as", "absent")

        # As the operator, by what status says: the other database goes, the old one gets back what the fence took.
        lab.psql(self.old, f"DROP DATABASE {self.name[BACK]}")
        for command in fence["by_hand"]:
            self.assertIn(command, text)
            lab.psql(self.old, command)
        resolved = lab.json("resolve", "r1", BACK, "--step", FENCE, "--as", "absent", "--reason", "renamed it back, ticket 4711")
        self.assertEqual(resolved["step"], fence["path"])
        self.assertEqual(resolved["commands"], [f"pgconvoy retry r1 {BACK}", f"pgconvoy rollback r1 {BACK}"])
        _, fence = self.step(BACK, FENCE)
        self.assertEqual((fence["state"], fence["is_open"], fence["resolved"]["as"]), ("undone", False, "absent"))
        self.assertEqual(fence["resolved"]["reason"], "renamed it back, ticket 4711")
        self.assertRegex(fence["resolved"]["by"], r"^\w.*@\w")
        self.assert_refused("is undone: there is nothing to decide", "r1", BACK, "--step", FENCE, "--as", "absent")

        self.assert_exit(lab.run("rollback", "r1", BACK, "--yes"), 0)
        self.assertEqual(lab.journal.target_states()[BACK], "rolled_back")
        self.writers[BACK].wait_for_more()
        self.writers[BACK].stop()
        self.assert_healthy_on(BACK, 13)
        self.assert_ledger_complete(BACK, self.writers[BACK])
        mine = [line for server in self.before for line in self.before[server]["databases"] if line.split("|")[0] == self.name[BACK]]
        self.assertEqual([line for line in lab.catalog(self.old)["databases"] if line.split("|")[0] == self.name[BACK]], mine)
        self.assertNotIn(self.name[BACK], lab.user_databases(self.new))
        self.assert_journal_clean()

    def test_the_way_forward_goes_on_without_a_step_that_was_left_out(self):
        lab = self.lab
        document, close = self.step(FORWARD, CLOSE)
        target = document["target"]
        self.assertEqual((target["state"], target["page"], target["pivoted"]), ("stuck", "off", True))
        self.assertRegex(target["live_database"], "^the new one")
        self.assertEqual((close["state"], close["is_open"], close["probe"]["verdict"]), ("unknown", True, "unknown"))
        self.assertIn("is not there", close["known"])
        self.assert_healthy_on(FORWARD, 15)
        # After the pivot nobody's word replaces the comparison, and what is done isn't decided again.
        self.assert_refused("is done and has its outcome", "r1", FORWARD, "--step", REDEPLOY, "--as", "absent")

        self.assert_exit(lab.run("resolve", "r1", FORWARD, "--step", close["path"], "--as", "skip", "--reason", "renamed by us"), 0)
        done = self.assert_exit(lab.run("retry", "r1", FORWARD), 0)
        self.assertIn(f"left out by hand: {close['path']} of {FORWARD}: renamed by us", done.stdout)
        self.assertEqual(lab.journal.target_states()[FORWARD], "succeeded")
        document, close = self.step(FORWARD, CLOSE)
        self.assertEqual((close["state"], document["target"]["left_out"]), ("left_out", {close["path"]: "renamed by us"}))
        self.assertIn("renamed by us", lab.run("logs", "r1").stdout)
        self.writers[FORWARD].wait_for_more()
        self.writers[FORWARD].stop()
        self.assert_healthy_on(FORWARD, 15)
        self.assert_ledger_complete(FORWARD, self.writers[FORWARD])
        self.assert_journal_clean()

    def test_the_way_forward_goes_on_from_a_step_that_was_done_by_hand(self):
        lab = self.lab
        lab.set_environment(BY_HAND, FAIL_HEALTH_ON_VERSION=15)
        runbook = lab.edited_runbook(redeploy="{health_timeout: 1s}")
        done = self.assert_exit(lab.migrate("--runbook", runbook, "--limit", BY_HAND, "--on-failure", "leave"), 1)
        [run] = [f"r{number}" for number, in lab.journal.rows("SELECT max(id) FROM runs")]
        self.assertIn(f"pgconvoy retry {run} {BY_HAND}", done.stdout)
        document, redeploy = self.step(BY_HAND, REDEPLOY, run)
        self.assertEqual((document["target"]["state"], document["target"]["is_paused"], redeploy["state"]), ("stuck", True, "failed"))
        self.assert_refused("whether that received anything is to be compared", run, BY_HAND, "--step", REDEPLOY, "--as", "absent")
        self.assert_refused("the application would not run", run, BY_HAND, "--step", REDEPLOY, "--as", "skip")

        # As the operator: the application is mended and started.
        lab.set_environment(BY_HAND, FAIL_HEALTH_ON_VERSION=None)
        for change in ("stop", "start"):
            self.assertEqual(lab.lab("app", change, BY_HAND).returncode, 0)
        wait_for("the application", lambda: lab.health(BY_HAND) == (True, 15))
        self.assert_exit(lab.run("resolve", run, BY_HAND, "--step", REDEPLOY, "--as", "done", "--reason", "started it by hand"), 0)
        self.assert_exit(lab.run("retry", run, BY_HAND), 0)
        self.assertEqual(lab.journal.target_states(int(run[1:])), {BY_HAND: "succeeded"})
        # Once, and by hand: the run did not start it again.
        attempts, = lab.journal.rows("SELECT count(*) FROM events WHERE run = ? AND kind = 'step_started' AND step = ?", int(run[1:]), redeploy["path"])
        self.assertEqual(attempts, (1,))
        self.assert_healthy_on(BY_HAND, 15)
        self.assert_ledger_complete(BY_HAND)
        self.assert_journal_clean()


if __name__ == "__main__":
    unittest.main()
