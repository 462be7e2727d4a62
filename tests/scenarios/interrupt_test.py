"""Ctrl-C once lets what is in flight finish, twice stops at once; both can be resumed."""
import signal
import time
import unittest

from .support import ScenarioTest, wait_for


class InterruptTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 6, "apps": 2, "seed": 31}
    # Two halves of the laboratory, each with one application.
    halves = {"once": ("shop-live", "forum-live", "payroll-live"), "twice": ("billing-live", "archive-test", "crm-live")}

    def begin(self, half):
        """A run of one half, one target at a time, the application's first; waits until its restore is under way."""
        self.lab.use_journal(half)
        self.application, *others = self.halves[half]
        self.writer = self.lab.start_writer(self.application)
        self.writer.wait_for_more()
        # The order comes from the seed: look for one that begins with the application.
        limits = [text for target in self.halves[half] for text in ("--limit", target)]
        arguments = self.lab.fleet_arguments(*limits, "--concurrency", "1")
        for seed in range(1, 30):
            self.assert_exit(self.lab.run("plan", *arguments, "--seed", str(seed)), 0)
            [(run, first)] = self.lab.journal.rows("SELECT run, id FROM targets ORDER BY run DESC, number LIMIT 1")
            if first == self.application:
                break
        self.run_id = f"r{run}"
        self.number = run
        return self.lab.start("run", "--plan", self.run_id, "--yes")

    def wait_for_restore(self):
        wait_for("the restore", lambda: self.lab.journal.is_started("restore_backup_to_reprovisioned_services", self.application))

    def resume(self):
        resumed = self.lab.run("resume", self.run_id)
        states = self.lab.journal.target_states(self.number)
        self.assert_exit(resumed, 0)
        self.assertEqual(set(states.values()), {"succeeded"}, states)
        self.writer.wait_for_more()
        self.writer.stop()
        self.assert_healthy_on(self.application, 15)
        self.assert_ledger_complete(self.application, self.writer)
        self.assertEqual(self.lab.leftovers(self.lab.server("eu-west", 15)), [])
        self.assert_journal_clean()

    def test_once(self):
        with self.begin("once") as run:
            self.wait_for_restore()
            run.signal(signal.SIGINT)
            code, output = run.finish()
        self.assertEqual(code, 130, output)
        self.assertIn(f"pgconvoy resume {self.run_id}", output)
        _, *others = self.halves["once"]
        self.assertEqual(self.lab.journal.target_states(self.number), {self.application: "succeeded", **dict.fromkeys(others, "pending")})
        self.assert_healthy_on(self.application, 15)
        self.resume()

    def test_twice(self):
        with self.begin("twice") as run:
            self.wait_for_restore()
            run.signal(signal.SIGINT)
            # Two signals at once are one to a process.
            wait_for("the first signal to be taken", lambda: not pending(run.process.pid, signal.SIGINT))
            began = time.monotonic()
            run.signal(signal.SIGINT)
            code, output = run.finish()
            took = time.monotonic() - began
        self.assertEqual(code, 130, output)
        self.assertLess(took, 5)
        self.assertIn(f"pgconvoy resume {self.run_id}", output)
        _, *others = self.halves["twice"]
        states = self.lab.journal.target_states(self.number)
        self.assertEqual({target: states[target] for target in others}, dict.fromkeys(others, "pending"))
        self.resume()


def pending(pid, number):
    """Is this signal sent to the process and not yet delivered?"""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return False
    return any(int(lines[kind], 16) >> (number - 1) & 1 for kind in ("SigPnd", "ShdPnd"))


if __name__ == "__main__":
    unittest.main()
