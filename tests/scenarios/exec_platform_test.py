"""The main job on a platform that pgconvoy knows only through its program: examples/exec-platform."""
import json
import os
import signal
import sys
import unittest

from . import support
from .exec_platform import EXAMPLE, ExecPlatformScenario
from .hunting import CommandLines
from .support import wait_for

BAD_INPUT, TO_MEND = 2, 4
# What a verb is answered with by a program that says yes to everything, and remembers nothing.
CARELESS = """#!/bin/sh
case $1 in
  describe) echo '{"protocol": 1, "name": "careless", "verbs": ["inspect", "health", "page_is_on", "is_running", "page_on", "page_off",
                   "stop", "start", "read_binding", "write_binding"]}';;
  inspect | health | page_is_on | is_running) echo '{"running": true, "healthy": true, "page_is_on": '$(test -e "$0.page" && echo true || echo false)'}';;
  read_binding) echo 'postgresql://shop:s3cretpassword@127.0.0.1/shop';;
  page_on) touch "$0.page"; echo '{}';;
  page_off) rm -f "$0.page"; echo '{}';;
  *) echo '{}';;
esac
"""


class SettingsTest(unittest.TestCase):
    def test_lists_of_names_are_split_as_postgres_does(self):
        sys.path.insert(0, EXAMPLE)
        self.addCleanup(sys.path.remove, EXAMPLE)
        from databases import Refused, split_list  # pylint: disable=import-outside-toplevel,import-error
        for text, elements in (("", []), ('""', [""]), ('"$user", public', ["$user", "public"]), (' a ,\t"b ""c"", d" ', ["a", 'b "c", d']),
                               ("public;drop", ["public;drop"]), ("x'y", ["x'y"]), ('Mixed,a"b', ["Mixed", 'a"b'])):
            self.assertEqual(split_list(text), elements, text)
        for text in (",", "a,", "a b", '"a', '"a"b', "public; ALTER ROLE x SUPERUSER"):
            self.assertRaises(Refused, split_list, text)


class ExecPlatformTest(ExecPlatformScenario):
    def doctor(self, *arguments, fleet=None):
        return self.lab.run("doctor", "--platform", "-f", fleet or self.fleet, *arguments)

    def test_doctor_passes_on_the_example(self):
        before = self.lab.catalogs()
        self.assert_exit(self.doctor(), 0)
        done = self.assert_exit(self.doctor("--environment", "blog", "--server", "new", "--changes", "--output", "json"), 0)
        checks = json.loads(done.stdout)["checks"]
        self.assertEqual([check for check in checks if check["verdict"] != "ok"], [])
        names = [check["what"] for check in checks]
        for wanted in ("environment blog: lower epoch", "environment blog: stop", "environment blog: write_binding blog-db",
                       "server new: create_roles", "server new: lower epoch", "server new: drop_database", "server new: drop_roles"):
            self.assertIn(wanted, names)
        self.assertEqual(self.lab.catalogs(), before)
        self.assert_healthy_on("blog", 13)

    def test_doctor_says_what_a_bad_program_does(self):
        program = self.lab.file("careless", CARELESS)
        os.chmod(program, 0o755)
        fleet = json.loads(json.dumps(self.read("fleet.yaml")))
        fleet["environments"]["blog"]["controller"]["command"] = [program]
        broken = self.lab.file("careless.yaml", json.dumps(fleet))
        done = self.assert_exit(self.doctor("--environment", "blog", "--output", "json", fleet=broken), TO_MEND)
        self.assertNotIn("s3cretpassword", done.stdout + done.stderr)
        bad = {check["what"]: check for check in json.loads(done.stdout)["checks"] if check["verdict"] == "BAD"}
        for wanted in ("controller careless: unknown verb", "environment blog: read_binding blog-db"):
            self.assertIn(wanted, bad)
        # It is believed in what it reads, and found out in what it does.
        fleet["environments"]["blog"].pop("bindings")
        fleet["instances"].pop("blog-db")
        broken = self.lab.file("careless.yaml", json.dumps(fleet))
        done = self.assert_exit(self.doctor("--environment", "blog", "--changes", fleet=broken), TO_MEND)
        self.assertRegex(done.stdout, r"BAD +environment blog: stop +it said that it was done")
        self.assertFalse(os.path.exists(program + ".page"), "the page was left on")
        done = self.assert_exit(self.doctor("--environment", "blogg"), BAD_INPUT)
        self.assertIn('did you mean "blog"?', done.stderr)
        self.assert_exit(self.doctor("--changes"), BAD_INPUT)

    def test_there_and_back_again(self):
        before = self.lab.catalogs()
        passwords = self.secrets_of("blog")
        with CommandLines(passwords) as command_lines:
            run = self.assert_exit(self.lab.run("run", "-f", self.fleet, "--runbook", "postgres-13-to-15", "--limit", "blog", "--yes", "-v"), 0)
            self.assert_healthy_on("blog", 15)
            back = self.assert_exit(self.lab.run("rollback", "r1", "blog", "--yes", "-v"), 0)
        self.assertGreater(command_lines.looks, 10)
        self.assertEqual(command_lines.seen, set())
        self.assert_healthy_on("blog", 13)
        self.assertEqual(self.lab.catalogs(), before)
        self.assert_journal_clean()
        with open(os.path.join(self.directory, "events.jsonl"), encoding="utf-8") as file:
            told = [json.loads(line) for line in file]
        kinds = [event["kind"] for event in told if event.get("target_id") == "blog"]
        self.assertEqual(kinds, ["pivot", "target_succeeded", "target_rolled_back"])
        kept = run.stdout + run.stderr + back.stdout + back.stderr
        for path in (self.lab.journal.path, os.path.join(self.directory, "platformd.log"), os.path.join(self.directory, "events.jsonl")):
            with open(path, "rb") as file:
                kept += file.read().decode("utf-8", "replace")
        for password in passwords:
            self.assertNotIn(password, kept)

    def test_killed_twice(self):
        lab = self.lab
        writer = lab.start_writer("shop")
        writer.wait_for_more()
        for arguments, operation in ((("run", "-f", self.fleet, "--runbook", "postgres-13-to-15", "--limit", "shop", "--yes"),
                                      "reprovision_collected_instances"), (("resume", "r1"), "redeploy")):
            with lab.start(*arguments) as run:
                wait_for(f"{operation} to be started", lambda: lab.journal.is_started(operation),  # pylint: disable=cell-var-from-loop
                         seconds=support.SECONDS_AT_MOST, every=0.002)
                run.signal(signal.SIGKILL)
                self.assertEqual(run.finish()[0], -signal.SIGKILL)
            self.assertTrue(lab.journal.is_started(operation), "it was over before the kill")
        self.assert_exit(lab.run("resume", "r1"), 0)
        self.assertEqual(lab.journal.target_states(), {"shop": "succeeded"})
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on("shop", 15)
        with open(writer.kept, encoding="utf-8") as file:
            self.assertLessEqual(set(file.read().splitlines()), self.entries("shop"))
        self.assert_journal_clean()
        self.assertEqual(lab.leftovers(self.new), [])
        self.assertIn("shop", lab.user_databases(self.new))


if __name__ == "__main__":
    unittest.main()
