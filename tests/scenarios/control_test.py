"""pause, cancel, signals and a terminal that goes away: what is in flight is never left where it is, and nothing stays behind."""
import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import termios
import time
import unittest

from .support import ScenarioTest, program, wait_for

USAGE, HALTED, INTERRUPTED = 2, 3, 130
BACKUP, RESTORE = "backup_collected_services", "restore_backup_to_reprovisioned_services"
LONG = 300  # seconds; nothing here waits for it


class ControlTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 9, "apps": 6, "seed": 41}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def plan(self, first, *others):
        """The run's name, planned so that `first` comes first, one at a time."""
        limits = [text for target in (first, *others) for text in ("--limit", target)]
        for seed in range(1, 40):
            self.assert_exit(self.lab.run("plan", *self.lab.fleet_arguments(*limits, "--concurrency", "1", "--seed", str(seed))), 0)
            [(run, found)] = self.lab.journal.rows("SELECT run, id FROM targets ORDER BY run DESC, number LIMIT 1")
            if found == first:
                return f"r{run}"
        raise AssertionError(f"no seed begins with {first}")

    def number(self, run):
        return int(run[1:])

    def run_state(self, run):
        return self.lab.journal.rows("SELECT state, intent FROM runs WHERE id = ?", self.number(run))[0]

    def wait_for_step(self, operation, target):
        wait_for(f"{operation} of {target}", lambda: self.lab.journal.is_started(operation, target), every=0)

    def assert_nothing_is_left(self):
        """No program and no session of a run, here and on the servers."""
        wait_for("no program", lambda: not self.lab.processes("pg_dump", "pg_restore"), seconds=5)
        for server in (self.old, self.new):
            wait_for(f"no session on {server}", lambda server=server: not self.lab.backends(server), seconds=10)

    def assert_undone(self, application, writer, before):
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(self.lab.catalogs(), before)
        self.assert_nothing_is_left()

    def others(self, count):
        """Targets without an application: they are quick, and nobody looks at them."""
        return [each["environment"] for each in self.lab.record["databases"] if each["environment"] not in self.lab.record["applications"]][:count]

    def test_pause_then_cancel(self):
        """Paused between two targets, gone on with, and cancelled before the last one."""
        lab = self.lab
        applications = sorted(lab.record["applications"])[:1]
        first, rest = applications[0], self.others(2)
        for each in rest:
            lab.make_slow(each, 4)
        run = self.plan(first, *rest)
        self.assertRegex(self.assert_exit(lab.run("pause", run), USAGE).stderr, "was never started")
        with lab.start("run", "--plan", run, "--yes") as running:
            self.wait_for_step(RESTORE, first)
            self.assert_exit(lab.run("pause", run, "--reason", "the storage is being moved"), 0)
            code, output = running.finish()
        self.assertEqual(code, HALTED, output)
        self.assertIn(f"pgconvoy resume {run}", output)
        self.assertEqual(lab.journal.target_states(self.number(run)), {first: "succeeded", **dict.fromkeys(rest, "pending")})
        self.assertEqual(self.run_state(run), ("halted", "pause"))
        self.assert_healthy_on(first, 15)
        self.assertRegex(self.assert_exit(lab.run("pause", run), USAGE).stderr, "halted already")
        self.assertIn("the storage is being moved", str(lab.journal.rows("SELECT data FROM events WHERE kind = 'run_intent'")))

        with lab.start("resume", run) as running:
            wait_for("the second target to begin", lambda: "running" in lab.journal.target_states(self.number(run)).values(), every=0)
            self.assertEqual(self.run_state(run)[1], "none")
            self.assert_exit(lab.run("cancel", run), 0)
            code, output = running.finish()
        self.assertEqual(code, HALTED, output)
        states = lab.journal.target_states(self.number(run))
        self.assertEqual(sorted(states.values()), ["skipped", "succeeded", "succeeded"], output)
        self.assertEqual(self.run_state(run), ("cancelled", "cancel"))
        self.assertIn("1 cancelled before", lab.run("status", run).stdout)
        [left] = [target for target, state in states.items() if state == "skipped"]

        for command in ("resume", "cancel", "pause"):
            self.assert_exit(lab.run(command, run), USAGE)
        self.assertRegex(lab.run("resume", run).stderr, "a cancelled run is not resumed")
        self.assert_exit(lab.run("retry", run, left), 0)
        self.assertEqual(set(lab.journal.target_states(self.number(run)).values()), {"succeeded"})
        self.assertEqual(self.run_state(run), ("succeeded", "none"))
        self.assert_journal_clean()

    def test_cancel_with_rollback_interrupts_a_restore(self):
        lab, application = self.lab, sorted(self.lab.record["applications"])[1]
        lab.make_slow(application, LONG)
        before = lab.catalogs()
        writer = lab.start_writer(application)
        writer.wait_for_more()
        with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as running:
            self.wait_for_step(RESTORE, application)
            self.wait_for_index()
            began = time.monotonic()
            self.assert_exit(lab.run("cancel", "r1", "--rollback"), 0)
            code, output = running.finish()
            took = time.monotonic() - began
        self.assertEqual(code, HALTED, output)
        self.assertLess(took, 40)
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back"})
        self.assertEqual(self.run_state("r1"), ("cancelled", "cancel"))
        self.assertEqual(lab.json("report", "r1")["totals"]["undone"], 1)
        self.assert_undone(application, writer, before)
        self.assert_journal_clean()

    def wait_for_index(self):
        """The restore is where it stays."""
        wait_for("the index", lambda: lab_sleeps(self.lab, self.new), seconds=40)

    def test_cancel_when_no_process_is_at_work(self):
        """Killed in the restore: the index of its backend goes on for nobody, and cancel does what the process would have done."""
        lab, application = self.lab, sorted(self.lab.record["applications"])[2]
        planned = self.plan(*self.others(1))
        self.assert_exit(lab.run("cancel", planned), 0)
        self.assertEqual(self.run_state(planned)[0], "cancelled")
        self.assertRegex(self.assert_exit(lab.run("run", "--plan", planned, "--yes"), USAGE).stderr, "cancelled")

        lab.make_slow(application, LONG)
        before = lab.catalogs()
        writer = lab.start_writer(application)
        writer.wait_for_more()
        run = self.plan(application, *self.others(1))
        with lab.start("run", "--plan", run, "--yes") as running:
            self.wait_for_step(RESTORE, application)
            self.wait_for_index()
            running.signal(signal.SIGKILL)
            running.finish()
        self.assert_nothing_is_left()
        self.assertRegex(self.assert_exit(lab.run("pause", run), USAGE).stderr, "no process is at work")
        self.assert_exit(lab.run("cancel", run, "--rollback"), 0)
        states = lab.journal.target_states(self.number(run))
        self.assertEqual(states, {application: "rolled_back", self.others(1)[0]: "skipped"})
        self.assertEqual(self.run_state(run), ("cancelled", "cancel"))
        self.assert_undone(application, writer, before)
        self.assert_journal_clean()

    def test_second_signal_leaves_no_program_and_no_session(self):
        lab, application = self.lab, sorted(self.lab.record["applications"])[3]
        lab.make_slow(application, LONG)
        before = lab.catalogs()
        writer = lab.start_writer(application)
        writer.wait_for_more()
        with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as running:
            self.wait_for_step(RESTORE, application)
            self.wait_for_index()
            running.signal(signal.SIGTERM)
            wait_for("the first signal to be taken", lambda: not is_pending(running.process.pid, signal.SIGTERM))
            running.signal(signal.SIGINT)
            code, output = running.finish(10)
        self.assertEqual(code, INTERRUPTED, output)
        self.assert_nothing_is_left()
        self.assertEqual(lab.journal.target_states(), {application: "running"})
        self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
        self.assert_undone(application, writer, before)
        self.assert_journal_clean()

    def test_terminal_that_is_closed(self):
        """The kernel sends SIGHUP and every write fails: what is in flight finishes, and is journaled to its end."""
        lab, application = self.lab, sorted(self.lab.record["applications"])[4]
        rest = self.others(2)[1]
        run = self.plan(application, rest)
        writer = lab.start_writer(application)
        writer.wait_for_more()
        with terminal(lab, "run", "--plan", run, "--yes") as (process, close):
            self.wait_for_step(RESTORE, application)
            close()
            self.assertEqual(process.wait(timeout=60), INTERRUPTED)
        self.assertEqual(lab.journal.target_states(self.number(run)), {application: "succeeded", rest: "pending"})
        self.assertEqual(self.run_state(run)[0], "halted")
        self.assert_nothing_is_left()
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        self.assert_journal_clean()

    def test_reader_that_does_not_read(self):
        """| less, or Ctrl-S: nobody waits behind a maintenance page for somebody to scroll down."""
        lab, target = self.lab, self.others(3)[2]  # the others are moved by other tests
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        with open(reading, "rb", buffering=0) as ours:
            process = subprocess.Popen([program(), "run", *lab.fleet_arguments("--limit", target), "--yes", "--verbose"], stdin=subprocess.DEVNULL,
                                       stdout=writing, stderr=writing, cwd=lab.base, env=lab.environment())
            os.close(writing)
            try:
                # The plan is read, before anything is begun; nothing of what comes then.
                output = b""
                while b"follows it from elsewhere" not in output:
                    more = ours.read(1)
                    self.assertTrue(more, output.decode())
                    output += more
                wait_for("the target", lambda: lab.journal.target_states().get(target) == "succeeded", seconds=60)
                self.assertIsNone(process.poll(), "all of it fitted into the pipe")
                output += ours.read()
                self.assertEqual(process.wait(timeout=30), 0)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        # All of it is there, up to the report.
        self.assertIn("1 target: 1 succeeded", output.decode())
        self.assertEqual(self.run_state("r1")[0], "succeeded")
        self.assert_journal_clean()

    def test_reader_that_goes_away(self):
        """| head: the pipe breaks at the first line, the run does not."""
        lab, application = self.lab, sorted(self.lab.record["applications"])[5]
        reading, writing = os.pipe()
        with open(reading, "rb") as ours:
            process = subprocess.Popen([program(), "run", *lab.fleet_arguments("--limit", application), "--yes", "--verbose"], stdin=subprocess.DEVNULL,
                                       stdout=writing, stderr=writing, cwd=lab.base, env=lab.environment())
            os.close(writing)
            ours.read(1)
        try:
            self.assertEqual(process.wait(timeout=60), 0)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.assertEqual(lab.journal.target_states(), {application: "succeeded"})
        self.assertEqual(self.run_state("r1")[0], "succeeded")
        self.assert_healthy_on(application, 15)
        self.assert_journal_clean()


class CancelMatrix(ScenarioTest):
    """`cancel --rollback` in every step of a move: what had not pivoted is as before, what had is moved. See the end of the file."""
    laboratory_options = {"regions": 1, "databases": 1, "apps": 1, "seed": 43}
    operations = ("collect_service_instances", "reprovision_collected_instances", "page_on", "stop_app", "fence_source", BACKUP, RESTORE,
                  "analyze_restored_services", "verify_restored_services", "enable_reprovisioned_services", "redeploy", "page_off",
                  "close_source")

    def cancel(self, running, mode="--rollback"):
        """The run stands still until the word is in the journal; what it has asked its servers for goes on."""
        running.signal(signal.SIGSTOP)
        # What pivoted is taken back afterwards, for the next case: nothing may have been written to it.
        for writer in list(self.lab.writers):
            writer.stop()
        with self.lab.start("cancel", "r1", mode) as cancelling:
            # Stopped in the middle of a write of its own, it would keep the journal locked.
            with contextlib.suppress(subprocess.TimeoutExpired):
                cancelling.process.wait(timeout=5)
            running.signal(signal.SIGCONT)
            code, output = cancelling.finish()
        self.assertEqual(code, 0, output)

    def cancel_in(self, operation, escalated=False, killed=False):
        lab = self.lab
        [application] = lab.record["applications"]
        lab.use_journal(f"{operation}{'-escalated' * escalated}{'-killed' * killed}")
        before = lab.catalogs()
        writer = lab.start_writer(application)
        writer.wait_for_more()
        if operation in ("page_off", "close_source"):  # the application is seen again
            writer.stop()
        with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as running:
            wait_for(operation, lambda: lab.journal.has_begun(operation), every=0)
            self.cancel(running, *(["--leave"] * escalated))
            if escalated:
                self.cancel(running, "--rollback")
            if killed:
                wait_for("the way back", lambda: lab.journal.target_states()[application] == "rolling_back", every=0)
                running.signal(signal.SIGKILL)
            code, output = running.finish()
        if killed:
            self.assertEqual(code, -signal.SIGKILL, output)
            code = self.assert_exit(lab.run("resume", "r1"), HALTED).returncode
        [state] = lab.journal.target_states().values()
        [(of_run,)] = lab.journal.rows("SELECT state FROM runs")
        pivoted = lab.journal.rows("SELECT 1 FROM events WHERE kind = 'pivot'")
        # In its last moment the word may come too late for the run, which has nothing left that it could hold back.
        self.assertIn((code, of_run), [(HALTED, "cancelled"), *([(0, "succeeded")] if pivoted else [])], output)
        self.assertEqual(state, "succeeded" if pivoted else "rolled_back" if lab.journal.rows("SELECT 1 FROM steps") else "skipped", output)
        self.assert_ledger_complete(application, writer)
        if pivoted:
            self.assert_healthy_on(application, 15)
            self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
        writer = lab.start_writer(application)
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 13)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(lab.catalogs(), before)
        for server in lab.record["servers"]:
            wait_for(f"no session on {server}", lambda server=server: not lab.backends(server), seconds=10)
        self.assert_journal_clean()


def lab_sleeps(lab, server):
    """A session of a run is in pg_sleep there."""
    return lab.psql(server, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name LIKE 'pgconvoy%'")


def is_pending(pid, number):
    """Is this signal sent to the process and not yet delivered?"""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return False
    return any(int(lines[kind], 16) >> (number - 1) & 1 for kind in ("SigPnd", "ShdPnd"))


@contextlib.contextmanager
def terminal(lab, *arguments):
    """(pgconvoy with a terminal of its own as its controlling one, what closes the terminal)."""
    master, slave = pty.openpty()

    def own_terminal():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    process = subprocess.Popen([program(), *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=lab.base, env=lab.environment(TERM="xterm"),
                               start_new_session=True, preexec_fn=own_terminal)
    os.close(slave)
    drained = subprocess.Popen(["cat"], stdin=master, stdout=subprocess.DEVNULL)
    os.close(master)

    def close():
        drained.kill()
        drained.wait()
    try:
        yield process, close
    finally:
        close()
        if process.poll() is None:
            process.kill()
        process.wait()


def add_cases(matrix):
    def case(operation, **how):
        return lambda self: self.cancel_in(operation, **how)
    for operation in matrix.operations:
        setattr(matrix, f"test_in_{operation}", case(operation))
    matrix.test_after_leave = case(BACKUP, escalated=True)
    matrix.test_killed_on_the_way_back = case(RESTORE, killed=True)


if os.environ.get("PGCONVOY_TEST_FULL"):
    add_cases(CancelMatrix)
else:
    del CancelMatrix

if __name__ == "__main__":
    unittest.main()
