"""Targets start in their region's window only; batches; and what calls `run --continue` when a window opens."""
import datetime
import json
import os
import subprocess
import time
import unittest

import yaml

from .support import ScenarioTest

HALTED, USAGE = 3, 2


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class WindowTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 3, "apps": 0, "seed": 67}

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def test_closed_rests_batch_by_batch_and_goes_on(self):
        lab = self.lab
        now = datetime.datetime.now(datetime.timezone.utc)
        opens = now + datetime.timedelta(hours=3)
        closed = f"{opens:%H:%M}-{opens + datetime.timedelta(hours=1):%H:%M}"
        done = lab.migrate("--window", closed)
        self.assert_exit(done, HALTED)
        self.assertRegex(done.stdout + done.stderr, rf"region eu-west is closed until \d{{4}}-\d\d-\d\d {opens:%H:%M} UTC")
        self.assertEqual(set(lab.journal.target_states().values()), {"pending"})
        [(ended,)] = lab.journal.rows("SELECT data FROM events WHERE kind = 'run_ended'")
        self.assertIn("is closed until", ended)
        again = ["run", *lab.fleet_arguments(), "--continue", "--yes"]
        self.assert_exit(lab.run(*again), HALTED)
        self.assertRegex(lab.run("status", "r1").stdout, "closed until")

        # Somebody opens it by hand, for two targets a call.
        self.assertRegex(self.assert_exit(lab.run("set", "r1", "window=25:00-26:00"), USAGE).stderr, "no window")
        self.assert_exit(lab.run("set", "r1", "window=always", "batch=2"), 0)
        first = self.assert_exit(lab.run(*again), HALTED)
        self.assertIn("this batch of 2 is through", first.stdout + first.stderr)
        self.assertEqual(sorted(lab.journal.target_states().values()), ["pending", "succeeded", "succeeded"])
        self.assert_exit(lab.run(*again), 0)
        self.assertEqual(set(lab.journal.target_states().values()), {"succeeded"})
        self.assert_journal_clean()

    def test_units_and_lines_that_call_it(self):
        lab = self.lab
        fleet = self.read_fleet()
        fleet["regions"]["eu-west"] |= {"time_zone": "Europe/Berlin", "windows": ["mon-fri 01:00-05:00"]}
        fleet["regions"]["us-east"] = {"concurrency": 1}
        path = lab.file("windows.yaml", yaml.safe_dump(fleet))
        units = os.path.join(lab.base, "units")
        os.mkdir(units)
        call = ["schedule", "-f", path, "--runbook", "postgres-13-to-15"]
        self.assert_exit(lab.run(*call, "--systemd", units, "--", "--batch", "50"), 0)
        self.assertEqual(sorted(os.listdir(units)), ["pgconvoy-eu-west.service", "pgconvoy-eu-west.timer"])
        self.assertIn("OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 01:00:00 Europe/Berlin", read(os.path.join(units, "pgconvoy-eu-west.timer")))
        service = read(os.path.join(units, "pgconvoy-eu-west.service"))
        self.assertIn('"run" "--continue" "--yes"', service)
        self.assertTrue(service.count('"--batch" "50"') == 1 and '--region "eu-west"' in service)
        refused = lab.run(*call, "--cron", journal="postgresql://convoy:s3cret-word@127.0.0.1/convoy")
        self.assert_exit(refused, USAGE)
        self.assertNotIn("s3cret-word", refused.stdout + refused.stderr)
        # The line for cron is a command of a shell.
        [line] = [line for line in self.assert_exit(lab.run(*call, "--cron"), 0).stdout.splitlines() if not line.startswith("#")]
        self.assertTrue(line.startswith("*/10 * * * * cd "), line)
        checked = subprocess.run(["sh", "-n", "-c", line.removeprefix("*/10 * * * * ")], capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        self.assertRegex(self.assert_exit(lab.run("schedule", "-f", lab.path("fleet.yaml"), "--runbook", "postgres-13-to-15", "--cron"), USAGE).stderr,
                         "no region has windows")


class OwnWindowTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 3, "apps": 0, "seed": 67}

    def test_own_window_and_owners_who_are_told(self):
        lab, fleet = self.lab, self.read_fleet()
        opens = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=3)
        closed, *others = sorted(fleet["environments"])
        fleet["environments"][closed]["windows"] = [f"{opens:%H:%M}-{opens + datetime.timedelta(hours=1):%H:%M}"]
        fleet["notices"] = {"before": "3s", "after": "1s"}
        ear = os.path.join(lab.base, "ear")
        fleet["hooks"] = {"ear": {"command": ["/bin/sh", "-c", f"cat >> {ear}"], "events": ["owner_notice"]}}
        path = lab.file("notices.yaml", yaml.safe_dump(fleet).replace("secrets/", f"{lab.directory}/secrets/"))

        def told():
            """target -> when its owner was told, as the hook heard it."""
            events = [json.loads(line)["event"]["data"] for line in read(ear).splitlines()]
            return sorted((event["target_id"], event["when"]) for event in events)

        first = self.assert_exit(lab.migrate("-f", path), HALTED)
        self.assertIn("their owners were told, and have still time", first.stdout)
        self.assertRegex(first.stdout, rf"its own window opens at \d{{4}}-\d\d-\d\d {opens:%H:%M} UTC")
        self.assertEqual(set(lab.journal.target_states().values()), {"pending"})
        self.assertEqual(told(), sorted((name, "before") for name in [closed, *others]))
        waits, = [line for line in lab.run("status", "r1").stdout.splitlines() if "its own window opens" in line]
        self.assertEqual(waits.count(f"{opens:%H:%M} UTC"), 1)
        time.sleep(3)
        again = ["run", "-f", path, "--runbook", "postgres-13-to-15", "--continue", "--yes"]
        self.assert_exit(lab.run(*again), HALTED)
        self.assertEqual(lab.journal.target_states(), {closed: "pending", **{name: "succeeded" for name in others}})
        time.sleep(1)
        self.assertRegex(self.assert_exit(lab.run("notices"), 0).stdout, r"2 notices told")
        self.assertRegex(self.assert_exit(lab.run("notices"), 0).stdout, r"0 notices told")
        self.assertEqual(told(), sorted([(name, "before") for name in [closed, *others]] + [(name, "after") for name in others]))
        # Its window is put aside by hand; its owner was told long ago.
        self.assert_exit(lab.run("set", "r1", "window=always"), 0)
        self.assert_exit(lab.run(*again), 0)
        self.assertEqual(set(lab.journal.target_states().values()), {"succeeded"})
        self.assert_journal_clean()


if __name__ == "__main__":
    unittest.main()
