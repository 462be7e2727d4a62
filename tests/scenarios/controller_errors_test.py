"""A controller that hangs, lies or answers garbage: the run ends, says what failed, and leaves nobody behind a page without a way out."""
import json
import os
import time
import unittest

from .exec_platform import EXAMPLE, ExecPlatformScenario
from .hunting import files_below
from .support import wait_for

APPLICATION = "blog"
OTHER = "shop"
BLOCKED = 4
PAUSE, MARGIN = 5, 25  # seconds; the margin is for what isn't waiting but work, on a busy machine
LIMIT = 4  # seconds for one call; what ignores SIGTERM has five more
# Does what the file beside it that is named after the verb says; without one, the platform's program does the work.
UNRELIABLE = """#!/bin/bash
echo "$1" >> "$0.calls"
mode=$(cat "$0.$1" 2> /dev/null)
case $mode in
  "") exec PLATFORM "$@" ;;
  once-*) rm "$0.$1"; mode=${mode#once-} ;;
esac
case $mode in
  nap) exec sleep 3600 ;;
  hang) trap '' TERM; sleep 3600 & wait; wait; sleep 3600 ;;
  hang-afterwards) PLATFORM "$@" > /dev/null; trap '' TERM; sleep 3600 & wait; wait; sleep 3600 ;;
  lie) echo '{}' ;;
  yes) echo '{"running": true, "healthy": true, "page_is_on": true}' ;;
  no) echo '{"running": false, "healthy": false, "page_is_on": false}' ;;
  garbage) head -c 20000 /dev/urandom ;;
  escapes) printf '{"error": {"message": "\\\\u001b]0;owned\\\\u0007\\\\u001b[2J\\\\rfake: ok"}}'; printf '\\033[2J\\007' >&2; exit 1 ;;
  half) printf '{"running": tr' ;;
  list) echo '[]' ;;
  huge) head -c 3000000 /dev/zero | tr '\\0' x ;;
  endless) yes ;;
  empty) ;;
  killed) kill -9 $$ ;;
  afterwards) PLATFORM "$@" > /dev/null; exit 3 ;;
  try-again) exit 75 ;;
  tell) cat >&2; (cat <&"$PGCONVOY_SECRETS_FD") 2> /dev/null | tee /dev/stderr; PLATFORM read_binding < /dev/null; exit 1 ;;
esac
"""


class Case:
    """modes: {verb: what it does}. said: what must stand in the output; state: where the target must be then (None: any)."""

    def __init__(self, name, modes, said="", state=None, seconds=120):
        self.name, self.modes, self.said, self.state, self.seconds = name, modes, said, state, seconds


CASES = [
    Case("the page is said to be on and isn't", {"page_on": "lie"}, "said that the maintenance page is on; asked again, it is off", "rolled_back"),
    Case("the page is said to be off and isn't", {"page_off": "lie"}, "said that the maintenance page is off; asked again, it is on", "stuck"),
    Case("the app is said to be bound and isn't", {"write_binding": "lie"}, "said that DATABASE_URL leads to the new database; asked again", "rolled_back"),
    Case("writing tells what it was given", {"write_binding": "tell"}, "write_binding failed", "rolled_back"),
]
if os.environ.get("PGCONVOY_TEST_FULL"):
    CASES += [
        Case("the app is said to be stopped and isn't", {"stop": "lie"}, "said that the app has stopped; asked again, it is running", "rolled_back"),
        Case("stop hangs once, and page_off fails when it has done it", {"stop": "once-nap", "page_off": "afterwards"}, "did not end within", "succeeded"),
        Case("start answers more than can be read", {"start": "once-huge"}, "start answered more than", "rolled_back"),
        Case("reading answers half a document", {"read_binding": "half"}, "read_binding answered something that is no JSON", "blocked"),
    ]
    CASES += [Case(f"{verb} {mode}", {verb: mode}, seconds=200)
              for verb in ("page_on", "page_off", "stop", "start", "write_binding")
              for mode in ("lie", "hang", "once-hang-afterwards", "garbage", "half", "endless", "once-killed", "afterwards", "once-afterwards", "try-again",
                           "escapes", "tell")]
    CASES += [Case(f"{verb} {mode}", {verb: mode}, seconds=200)
              for verb in ("inspect", "health", "page_is_on", "is_running", "read_binding")
              for mode in ("hang", "once-garbage", "garbage", "half", "list", "huge", "empty", "yes", "no", "killed", "try-again", "escapes", "tell")]
    CASES += [Case("nothing works any more after the stop", {"start": "hang", "page_off": "hang", "health": "hang"}, seconds=400)]


# Nothing of a run calls `is_running` before the page is on.
CALLS_BEFORE_THE_PIVOT = ["stop", *(["page_on", "is_running", "write_binding"] if os.environ.get("PGCONVOY_TEST_FULL") else [])]


class ControllerErrorsTest(ExecPlatformScenario):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls.lab.file("unreliable", UNRELIABLE.replace("PLATFORM", os.path.join(EXAMPLE, "platform")))
        os.chmod(cls.program, 0o755)
        fleet = cls.read("fleet.yaml")
        fleet["environments"][APPLICATION]["controller"].update(command=[cls.program], limit=f"{LIMIT}s")
        cls.broken = cls.lab.file("unreliable.yaml", json.dumps(fleet))
        cls.impatient = cls.lab.edited_runbook(redeploy="{health_timeout: 5s}")
        cls.secrets = cls.secrets_of(cls, APPLICATION)

    def mend(self):
        for name in os.listdir(self.lab.base):
            if name.startswith("unreliable.") and name not in ("unreliable.yaml", "unreliable.calls"):
                os.unlink(os.path.join(self.lab.base, name))

    def assert_nothing_told(self, *outputs):
        for text in outputs:
            for secret in self.secrets:
                self.assertNotIn(secret, text)
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\x07", text)
        for path, content in files_below(self.lab.base, without=(".dump", self.lab.directory, self.directory)):
            for secret in self.secrets:
                self.assertNotIn(secret.encode(), content, path)

    def test_controller_errors(self):
        """A writer through all of them: nothing that it was told is in the database gets lost."""
        before = self.lab.catalogs()
        self.writer = self.lab.start_writer(APPLICATION)
        for number, case in enumerate(CASES):
            with self.subTest(case.name):
                self.lab.use_journal(f"case-{number}")
                self.writer.wait_for_more()
                for verb, mode in case.modes.items():
                    self.lab.file(f"unreliable.{verb}", mode)
                try:
                    began = time.monotonic()
                    done = self.lab.run("run", "-f", self.broken, "--runbook", self.impatient, "--limit", APPLICATION, "--yes", "-v",
                                        seconds=case.seconds + 60)
                    took = time.monotonic() - began
                finally:
                    self.mend()
                said = done.stdout + done.stderr
                state = self.lab.journal.target_states().get(APPLICATION, "blocked")
                self.lead_back(state, done, said)
                self.assertIn(case.said, said)
                self.assertEqual(state, case.state or state, said)
                self.assertLess(took, case.seconds, said)
                self.assertNotIn("terminate called", said)
                self.assert_nothing_told(said)
                self.assertEqual(self.lab.catalogs(), before)
        self.writer.wait_for_more()
        self.assert_nothing_lost()
        # All that has happened to it does it no harm.
        self.lab.use_journal("at-last")
        self.assert_exit(self.lab.run("run", "-f", self.broken, "--runbook", self.impatient, "--limit", APPLICATION, "--yes"), 0)
        self.assert_healthy_on(APPLICATION, 15)

    def test_calls_that_would_outlast_the_pause(self):
        """The program may take a minute, the pause may not: before the pivot the target is taken back when max_pause is over."""
        before = self.lab.catalogs()
        fleet = self.read("fleet.yaml")
        fleet["environments"][OTHER]["controller"].update(command=[self.program], limit="60s")
        patient = self.lab.file("patient.yaml", json.dumps(fleet))
        for verb in CALLS_BEFORE_THE_PIVOT:
            with self.subTest(verb):
                self.lab.use_journal(f"outlasts-{verb}")
                self.lab.file(f"unreliable.{verb}", "nap")
                try:
                    with self.lab.start("run", *self.lab.fleet_arguments("-f", patient, "--limit", OTHER, "--set", f"max_pause={PAUSE}s"), "--yes", "-v") as run:
                        began = time.monotonic()
                        wait_for("the way back", lambda: self.lab.journal.rows("SELECT 1 FROM events WHERE kind = 'target_rolling_back'"), seconds=60)
                        self.assertLess(time.monotonic() - began, PAUSE + MARGIN)
                        code, output = run.finish()
                finally:
                    self.mend()
                self.assertEqual(code, 1, output)
                self.assertIn(f"{verb}: ", output)
                self.assertIn("the pause would last longer than max_pause", output)
                self.assertEqual(self.lab.journal.target_states(), {OTHER: "rolled_back"}, output)
                self.assert_healthy_on(OTHER, 13)
                self.assertEqual(self.lab.catalogs(), before)
                self.assert_journal_clean()

    def assert_nothing_lost(self):
        self.writer.stop()
        with open(self.writer.kept, encoding="utf-8") as file:
            self.assertLessEqual(set(file.read().splitlines()), self.entries(APPLICATION))

    def lead_back(self, state, done, said):
        """From wherever it is to an application that works on the old database."""
        if state == "stuck":
            [target] = self.lab.json("status", "r1")["targets"]
            self.assertEqual(target["state"], "stuck")
            if target["is_paused"]:
                self.assertTrue(self.lab.page_is_on(APPLICATION), target)
            self.assertIn(f"pgconvoy retry r1 {APPLICATION}", said)
            self.assertIn(f"pgconvoy rollback r1 {APPLICATION}", said)
            back = self.lab.run("rollback", "r1", APPLICATION, "--yes")
            if back.returncode != 0:  # users were on the new database: then there is a way forward
                self.assertIn("was written to after it was enabled", back.stdout)
                self.assert_exit(self.lab.run("retry", "r1", APPLICATION), 0)
            state = self.lab.journal.target_states()[APPLICATION]
            self.assertIn(state, ("rolled_back", "succeeded"))
        elif state not in ("blocked", "succeeded"):
            self.assertIn(done.returncode, (1, 3), said)
            self.assertIn(state, ("skipped", "rolled_back"), said)
            self.assertIn(f"pgconvoy logs r1 {APPLICATION}", said)
        if state == "blocked":
            self.assertEqual(done.returncode, BLOCKED, said)
        elif state == "succeeded":
            self.assert_healthy_on(APPLICATION, 15)
            self.assert_nothing_lost()
            self.assert_exit(self.lab.run("rollback", "r1", APPLICATION, "--yes", "--accept-data-loss"), 0)
            self.writer = self.lab.start_writer(APPLICATION)
        self.assert_healthy_on(APPLICATION, 13)
        self.assertEqual(self.lab.leftovers(self.old) + self.lab.leftovers(self.new), [])
        if os.path.exists(self.lab.journal.path):
            self.assert_journal_clean()


if __name__ == "__main__":
    unittest.main()
