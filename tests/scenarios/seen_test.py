"""What people and other programs see of a real run: the full screen in a terminal, reports in every form, metrics."""
import csv
import html.parser
import io
import json
import os
import re
import shlex
import signal
import subprocess
import unittest
import xml.etree.ElementTree

from .support import ScenarioTest, program, wait_for

TARGET = "shop-live"


class Terminal:
    """One window of a tmux server of its own."""

    def __init__(self, laboratory, width=80, height=24):
        self.asked = 0
        self.socket = os.path.join(laboratory.base, f"tmux-{width}")
        environment = laboratory.environment(TERM="xterm-256color", PS1="$ ", HISTFILE="/dev/null", LC_ALL="C.UTF-8",
                                             PATH=f"{os.path.dirname(program())}:{os.environ['PATH']}")
        variables = [f"{key}={value}" for key, value in environment.items() if key in
                     ("TERM", "PS1", "HISTFILE", "LC_ALL", "PATH", "PGCONVOY_JOURNAL", "NO_COLOR", "ASAN_OPTIONS", "UBSAN_OPTIONS")]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "-c", laboratory.base,
                  shlex.join(["env", "-i", *variables, "bash", "--norc", "--noprofile"]))
        self.wait_for_line(r"^\$$")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, *arguments], capture_output=True, text=True, check=True).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def command(self, line):
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def wait_for_line(self, pattern, seconds=20):
        try:
            return wait_for(pattern, lambda: re.search(pattern, self.screen(), re.MULTILINE), seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from error

    def said(self, line, pattern):
        """What a command prints, on a screen that was cleared before."""
        self.asked += 1
        self.command(f"clear; {line}; echo asked-{self.asked}")
        self.wait_for_line(f"^asked-{self.asked}$")
        return self.wait_for_line(pattern).group(0)


class SeenTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 3, "apps": 1, "seed": 91}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.make_slow(TARGET, 6)

    def seed_with_it_first(self):
        """A run that is paused while its first target is in flight has something left."""
        other = os.path.join(self.lab.base, "seeds.db")
        for seed in range(30):
            plan = self.lab.json("plan", *self.lab.fleet_arguments(), "--seed", str(seed), journal=other)
            if plan["targets"][0]["target"]["id"] == TARGET:
                return str(seed)
        raise AssertionError(f"no seed puts {TARGET} first")

    def test_run_that_is_watched_paused_and_reported(self):
        with self.lab.start("run", *self.lab.fleet_arguments(), "--yes", "--concurrency", "1", "--seed", self.seed_with_it_first(), "--log-format", "json") as run, Terminal(self.lab) as terminal:
            wait_for("the restore of the slow one", lambda: self.lab.journal.is_started("restore_backup_to_reprovisioned_services", TARGET), 60)
            before = terminal.said("stty -g | md5sum", r"^[0-9a-f]{32}")
            terminal.command("pgconvoy watch r1")
            terminal.wait_for_line(r"^ r1  postgres-13-to-15  running")
            terminal.wait_for_line(r"in flight \(1 of at most 1\)")
            terminal.wait_for_line(TARGET + r" .*restore_backup.* paused \d:\d\d")
            # True bytes, from the process at work, as long as somebody looks.
            passed_on = f"{self.lab.journal.path}.r1.progress"
            wait_for("progress that is passed on", lambda: os.path.exists(passed_on), 15)
            with open(passed_on, encoding="utf-8") as file:
                self.assertIn(TARGET, json.load(file)["targets"][0]["step"])
            self.look_at_one_target(terminal)
            # It says what is meant and does nothing before it is told so.
            terminal.type("p")
            terminal.wait_for_line(r"^pause r1\? .*y/n")
            terminal.type("n")
            terminal.wait_for_line(r"^q quit")
            self.assertEqual(self.lab.json("status", "r1")["run"]["intent"], "none")
            terminal.type("c")
            terminal.wait_for_line("targets at a time")
            terminal.type("0", "Enter")
            terminal.wait_for_line("concurrency")  # refused, and why
            terminal.type("p")
            terminal.wait_for_line("y/n")
            terminal.type("y")
            terminal.wait_for_line("r1 is told to pause")
            terminal.wait_for_line("running|halted")
            terminal.tmux("resize-window", "-x", "120", "-y", "30")
            terminal.wait_for_line(r"^ r1 .* UTC\s*$")
            terminal.wait_for_line(r"^ r1  postgres-13-to-15  halted", 60)
            terminal.wait_for_line(TARGET + ": succeeded in")
            terminal.type("r")
            terminal.wait_for_line("pgconvoy resume r1")
            terminal.type("q")
            terminal.wait_for_line(r"^\$ ?$")
            self.assertEqual(terminal.said("stty -g | md5sum", r"^[0-9a-f]{32}"), before)
            code, output = run.finish()
        self.assertEqual(code, 3, output)
        self.assertEqual([name for name in os.listdir(self.lab.base) if name.endswith((".progress", ".look"))], [])
        # Each line of the log is an event.
        kinds = {json.loads(line)["kind"] for line in output.splitlines() if line.startswith("{")}
        self.assertLessEqual({"run_started", "target_claimed", "step_succeeded", "run_ended"}, kinds)
        self.killed_screen_gives_the_terminal_back()
        self.reports()

    def look_at_one_target(self, terminal):
        terminal.type("j")
        terminal.wait_for_line("^> " + TARGET)
        terminal.type("Enter")
        terminal.wait_for_line(f"^{TARGET} of r1: under way")
        terminal.type("q")
        terminal.type("l")
        terminal.wait_for_line(f"^log of {TARGET}")
        terminal.wait_for_line("fence_source@.*: done in")
        terminal.type("Escape")
        terminal.type("/", "s", "h", "o")
        terminal.wait_for_line('targets with "sho"')
        terminal.type("Escape")
        terminal.wait_for_line(r"in flight \(1 of")

    def killed_screen_gives_the_terminal_back(self):
        with Terminal(self.lab, width=90) as terminal:
            before = terminal.said("stty -g | md5sum", r"^[0-9a-f]{32}")
            terminal.command("pgconvoy watch r1; echo code $?")
            terminal.wait_for_line("r1  postgres-13-to-15  halted")
            for pid, _ in self.lab.processes("pgconvoy"):
                os.kill(pid, signal.SIGTERM)
            terminal.wait_for_line("^code 130$")
            self.assertNotIn("in flight (", terminal.screen())
            self.assertEqual(terminal.said("stty -g | md5sum", r"^[0-9a-f]{32}"), before)
            # Where there is no terminal it says what to use.
            terminal.command("clear; pgconvoy watch r1 | cat")
            terminal.wait_for_line("pgconvoy status r1")
            terminal.command("clear; TERM=nonsense pgconvoy watch r1")
            terminal.wait_for_line(r"can't be drawn on")

    def reports(self):
        page = self.assert_exit(self.lab.run("report", "r1", "--format", "html"), 0).stdout
        parser = Page()
        parser.feed(page)
        self.assertEqual(parser.open, [])
        self.assertNotIn("script", parser.tags)
        self.assertGreater(parser.tags.count("svg"), 2)
        self.assertRegex(page, r"<bdi>public\.\w+</bdi></td><td class=\"n\">[\d,]+</td><td class=\"n\">[\d,]+</td><td><code>[0-9a-f]{32}</code>")
        backups = self.lab.json("report", "r1")["backups"]
        self.assertTrue(backups)
        for backup in backups:
            self.assertIn(backup["sha256"], page)
        self.assertIn(os.uname().nodename, page)  # who began it, and where

        rows = list(csv.DictReader(io.StringIO(self.lab.run("report", "r1", "--output", "csv").stdout, newline="")))
        self.assertEqual(len(rows), len(self.lab.record["databases"]))
        [row] = [row for row in rows if row["target"] == TARGET]
        self.assertEqual(row["result"], "succeeded")
        self.assertGreater(int(row["verified_tables"]), 0)
        self.assertGreater(float(row["paused_seconds"]), 5)

        suites = xml.etree.ElementTree.fromstring(self.lab.run("report", "r1", "--output", "junit").stdout)
        cases = list(suites.iter("testcase"))
        self.assertEqual(suites.tag, "testsuites")
        self.assertEqual(int(suites.get("tests")), len(cases))
        self.assertEqual(int(suites.get("skipped")), len(list(suites.iter("skipped"))))
        self.assertEqual({case.get("name") for case in cases}, set(self.lab.journal.target_states()))
        for suite in suites:
            self.assertTrue({"name", "tests", "failures", "errors", "skipped", "time", "timestamp"} <= set(suite.keys()))

        [resource] = json.loads(self.lab.run("report", "r1", "--output", "otlp").stdout)["resourceSpans"]
        spans = resource["scopeSpans"][0]["spans"]
        by_id = {span["spanId"]: span for span in spans}
        fenced = {by_id[span["parentSpanId"]]["name"] for span in spans if span["name"] == "fence_source"}
        states = self.lab.journal.target_states()
        succeeded = {target for target, state in states.items() if state == "succeeded"}
        self.assertEqual(fenced, succeeded)
        self.assertIn(TARGET, succeeded)

        one = self.assert_exit(self.lab.run("report", "r1", TARGET, "--output", "html"), 0).stdout
        self.assertEqual(one.count("<summary>"), 1)

        metrics = self.assert_exit(self.lab.run("metrics", "r1"), 0).stdout
        self.assertIn('pgconvoy_run_state{run="r1",state="halted"} 1\n', metrics)
        self.assertIn(f'pgconvoy_targets{{run="r1",region="eu-west",state="succeeded"}} {len(succeeded)}\n', metrics)
        self.assertIn(f'pgconvoy_target_duration_seconds_count{{run="r1",region="eu-west"}} {len(succeeded)}\n', metrics)


class Page(html.parser.HTMLParser):
    """Which tags there are, and which are still open at the end."""

    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in ("meta", "line", "rect", "path", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("line", "rect", "path", "circle"):
            assert self.open and self.open[-1] == tag, (self.open[-5:], tag)
            self.open.pop()


class InitTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 2, "apps": 0, "seed": 92}

    def test_first_fleet_from_two_servers(self):
        path = os.path.join(self.lab.base, "first.yaml")
        arguments = ["init", "--source", self.lab.url(self.lab.server("eu-west", 13)), "--target", self.lab.url(self.lab.server("eu-west", 15)), "-f", path]
        made = self.assert_exit(self.lab.run(*arguments), 0)
        self.assertIn("--runbook postgres-13-to-15", made.stdout)
        self.assert_exit(self.lab.run("fleet", "validate", path), 0)
        self.assertEqual(len(self.lab.json("fleet", "show", path)["targets"]), 2)
        # What is there is left alone.
        again = self.lab.run(*arguments)
        self.assertEqual(again.returncode, 2)
        self.assertIn("fleet discover", again.stderr)
        self.assert_exit(self.lab.run("plan", "-f", path, "--runbook", "postgres-13-to-15"), 0)


if __name__ == "__main__":
    unittest.main()
