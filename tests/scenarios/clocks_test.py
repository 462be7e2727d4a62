"""Workers whose wall clock is an hour off, or jumps: leases, budgets and pauses neither last longer for that nor end."""
import os
import subprocess
import time
import unittest

from .support import CHECKOUT, wait_for
from .workers_test import LEASE, WorkersTest

SOURCE = os.path.join(CHECKOUT, "tests", "lab", "jumping_clock.c")


class ClocksTest(WorkersTest):
    laboratory_options = {"regions": 2, "databases": 8, "apps": 1, "seed": 87}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.library = os.path.join(cls.lab.base, "jumping_clock.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", cls.library, SOURCE, "-ldl"], check=True)

    def clock(self, name, offset):
        """A file that says how many seconds a worker's wall clock is off, and the environment that makes it look there."""
        path = self.lab.file(f"{name}.clock", offset)
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        environment = {"LD_PRELOAD": self.library, "JUMPING_CLOCK": path, "ASAN_OPTIONS": ":".join(filter(None, [sanitizer, "verify_asan_link_order=0"]))}
        off = subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True, env={**os.environ, **environment})
        self.assertLess(abs(int(off.stdout) - time.time() - int(offset)), 5, "the clock doesn't jump")
        return path, environment

    @staticmethod
    def jump(path, offset):
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(offset)
        os.replace(f"{path}.new", path)

    def claims(self, run):
        found = {}
        for _, target, _, _, kind, data in self.server.events(run):
            if kind == "target_claimed":
                found.setdefault(target, []).append(data["pid"])
        return found

    def test_jumps_of_an_hour(self):
        self.slow_ones()
        forward, forward_clock = self.clock("forward", "0")
        back, back_clock = self.clock("back", "0")
        run = self.begin("--max-failures", "0")
        with self.worker(environment=forward_clock) as first, self.worker(environment=back_clock) as second, self.worker() as third:
            held = {each.process.pid: self.server.wait_for_holder(each.process.pid) for each in (first, second)}
            self.jump(forward, "3600")
            self.jump(back, "-3600")
            wait_for("the end of the run", lambda: self.ended(run), seconds=80, every=0.1)
            outputs = [self.finish(each) for each in (first, second, third)]
        self.assert_each_done_once(run)
        self.assert_databases_moved()
        # Nobody lost a lease by it: whoever had a target in hand finished it.
        claims = self.claims(run)
        for pid, targets in held.items():
            for target in targets:
                self.assertEqual(claims[target], [pid], outputs)
        # The journal's times are its server's, in order but for what workers write at the same time.
        times = [at for (at,) in self.server.rows("SELECT at::timestamptz FROM pgconvoy.events WHERE run = %s ORDER BY sequence", run)]
        self.assertLess(max((earlier - later).total_seconds() for earlier, later in zip(times, times[1:])), 2)
        self.assertLess((times[-1] - times[0]).total_seconds(), 600)

    def test_one_that_is_killed_with_its_clock_ahead_holds_nothing_longer(self):
        """Its leases end by the server's clock; and a failure that a slow clock reports counts in the budget all the same."""
        run = self.server.rows("SELECT coalesce(max(id), 0) FROM pgconvoy.runs")[0][0] if self.server.rows(
            "SELECT to_regclass('pgconvoy.runs') IS NOT NULL")[0][0] else 0
        self.assertGreater(run, 0, "the test before has made the journal")
        one = self.lab.record["databases"][0]["environment"]
        self.assert_exit(self.run_on("rollback", f"r{run}", one, "--yes"), 0)
        _, ahead = self.clock("ahead", "3600")
        again = self.begin("--limit", one)
        with self.worker(environment=ahead) as first:
            self.server.wait_for_holder(first.process.pid)
            left = self.server.rows("SELECT extract(epoch FROM max(until) - clock_timestamp()) FROM pgconvoy.leases")[0][0]
            self.assertLessEqual(left, LEASE)
            first.process.kill()
            first.process.wait()
            with self.worker() as second:
                wait_for("another to go on", lambda: self.ended(again), seconds=LEASE + 40)
                output = self.finish(second)
        self.assertEqual(self.server.target_states(again), {one: "succeeded"}, output)
        self.assert_exit(self.run_on("journal", "verify"), 0)


if __name__ == "__main__":
    unittest.main()
