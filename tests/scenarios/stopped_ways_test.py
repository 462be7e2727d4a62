"""A retry and a rollback that are told to stop: the target in hand comes to its end, the others stay as they were."""
import os
import signal
import unittest

from .support import ScenarioTest, wait_for

HALTED, INTERRUPTED = 3, 130
RESTORE = "restore_backup_to_reprovisioned_services"
FULL = bool(os.environ.get("PGCONVOY_TEST_FULL"))


class StoppedWaysTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 3, "apps": 1, "seed": 171}

    def run_state(self):
        return self.lab.journal.rows("SELECT state, intent FROM runs")[0]

    def assert_states(self, output, **counts):
        states = list(self.lab.journal.target_states().values())
        self.assertEqual({state: states.count(state) for state in set(states)}, counts, output)

    def claims(self):
        """How often each target was begun."""
        return dict(self.lab.journal.rows("SELECT target, count(*) FROM events WHERE kind = 'target_claimed' GROUP BY target"))

    def stopped(self, command, begun, stop, code):
        """What the command prints that is stopped as soon as `begun` holds. One more target was begun, no other one touched."""
        before = self.claims()
        with self.lab.start(*command) as running:
            wait_for("the first target", begun, every=0)
            stop(running)
            ended, output = running.finish()
        self.assertEqual(ended, code, output)
        more = {target: count - before[target] for target, count in self.claims().items()}
        self.assertEqual(sorted(more.values()), [0, 0, 1], output)
        self.assertRegex(output, rf"(1 target|2 targets) not (rolled back|retried), and as before\. Go on with:\n  pgconvoy {command[0]} r1")
        self.assert_journal_clean()
        for server in self.lab.record["servers"]:
            wait_for(f"no session on {server}", lambda server=server: not self.lab.backends(server), seconds=10)
        return output

    def interrupt(self, running):
        running.signal(signal.SIGINT)

    def cancel(self, *mode):
        return lambda _: self.assert_exit(self.lab.run("cancel", "r1", *mode), 0)

    def test_rollback_and_retry(self):
        lab = self.lab
        [application] = lab.record["applications"]
        before = lab.catalogs()
        self.assert_exit(lab.migrate("--concurrency", "1"), 0)
        self.assert_states("", succeeded=3)

        def going_back():
            return "rolling_back" in lab.journal.target_states().values()

        def restoring():
            return lab.journal.is_started(RESTORE)
        rollback, retry = ("rollback", "r1", "--yes"), ("retry", "r1")
        output = self.stopped(rollback, going_back, self.interrupt, INTERRUPTED)
        self.assert_states(output, rolled_back=1, succeeded=2)
        self.assertEqual(self.run_state(), ("finished_with_failures", "none"))
        output = self.stopped(rollback, going_back, self.cancel(), HALTED)
        self.assert_states(output, rolled_back=2, succeeded=1)
        self.assertEqual(self.run_state(), ("cancelled", "cancel"))
        # That a run is cancelled doesn't keep what it moved from being taken back.
        self.assert_exit(lab.run(*rollback), 0)
        self.assert_states("", rolled_back=3)
        self.assert_healthy_on(application, 13)
        self.assertEqual(lab.catalogs(), before)

        output = self.stopped(retry, restoring, self.interrupt, INTERRUPTED)
        self.assert_states(output, rolled_back=2, succeeded=1)
        self.assertEqual(self.run_state(), ("finished_with_failures", "none"))
        back = [target for target, state in lab.journal.target_states().items() if state == "rolled_back"]
        for target in back:
            lab.make_slow(target, 30)
        output = self.stopped(retry, restoring, self.cancel("--rollback"), HALTED)
        self.assert_states(output, rolled_back=2, succeeded=1)
        self.assertEqual(self.run_state(), ("cancelled", "cancel"))
        if FULL:
            for target in back:
                lab.as_owner(target, "DROP TABLE public.slow; DROP FUNCTION public.slow")
            self.assert_exit(lab.run(*retry), 0)
            self.assert_states("", succeeded=3)
            self.assertEqual(self.run_state(), ("succeeded", "none"))
        self.assert_healthy_on(application, 13 if lab.journal.target_states()[application] == "rolled_back" else 15)
        self.assert_ledger_complete(application)


if __name__ == "__main__":
    unittest.main()
