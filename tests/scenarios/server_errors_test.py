"""Servers, disks and files that fail while a database is moved: the run ends, says so, and nothing that was acknowledged is lost."""
import contextlib
import os
import signal
import sqlite3
import subprocess
import threading
import time
import unittest

from .support import ScenarioTest, wait_for

HALTED = 3
# What a run may take in which something fails, on a busy machine.
LIMIT = 75
FULL = bool(os.environ.get("PGCONVOY_TEST_FULL"))
# Where all sessions of a run are ended at once.
CUT_IN = ["restore_backup_to_reprovisioned_services"] + FULL * [
    "reprovision_collected_instances", "page_on", "stop_app", "fence_source", "backup_collected_services", "analyze_restored_services", "verify_restored_services",
    "enable_reprovisioned_services", "redeploy"]
TESTS = (8 if FULL else 6) + len(CUT_IN)


def children_of(pid):
    """pid -> command line of all that descend from it."""
    found = {}
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                parents[int(entry)] = int(file.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as file:
                found[int(entry)] = file.read().split("\0")
        except OSError:
            continue

    def descends(child):
        while child in parents:
            child = parents[child]
            if child == pid:
                return True
        return False
    return {child: words for child, words in found.items() if descends(child)}


class ServerErrorsTest(ScenarioTest):
    # Each test has an application, hence a target, of its own.
    laboratory_options = {"regions": 1, "databases": TESTS, "apps": TESTS, "seed": 131}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.applications = list(cls.lab.record["applications"])
        for each in cls.lab.record["databases"]:
            role = each["role"].replace('"', '""')
            # Enough that a backup and a restore can be met on their way.
            cls.lab.psql(cls.old, "SET transaction_read_only = off; CREATE TABLE public.filler AS SELECT n, repeat(md5(n::text), 20) AS text FROM generate_series(1, 40000) n;"
                                  f'ALTER TABLE public.filler OWNER TO "{role}"', each["database"])

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])
        self.application = self.applications.pop(0)
        self.before = self.lab.catalogs()
        self.writer = self.lab.start_writer(self.application)
        self.writer.wait_for_more()

    def start(self, *more):
        return self.lab.start("run", *self.lab.fleet_arguments("--limit", self.application, *more), "--yes")

    def wait_for_step(self, operation):
        wait_for(f"{operation} to be started", lambda: self.lab.journal.is_started(operation), every=0.001)

    def finish(self, run):
        """(exit code, all output), within the limit."""
        return run.finish(LIMIT)

    def assert_back_on_the_old_one(self, code, output, *patterns):
        self.assertEqual(code, 1, output)
        for pattern in patterns:
            self.assertRegex(output, pattern)
        self.assertNotIn("terminate called", output)
        self.assertEqual(self.lab.journal.target_states(), {self.application: "rolled_back"}, output)
        self.assertIn(f"pgconvoy retry r1 {self.application}", output)
        self.writer.wait_for_more()
        self.writer.stop()
        self.assert_healthy_on(self.application, 13)
        self.assert_ledger_complete(self.application, self.writer)
        self.assertEqual(self.lab.catalogs(), self.before)
        self.assert_journal_clean()

    def assert_moved_or_back(self, code, output, server):
        """A step may be tried again, and what it rests on be made anew: whichever comes of it is said."""
        if code != 0:
            self.assert_back_on_the_old_one(code, output, server)
            return
        self.assertRegex(output, f"failed: .*{server}")
        self.assert_moved()

    def assert_moved(self):
        self.assertEqual(self.lab.journal.target_states(), {self.application: "succeeded"})
        self.writer.wait_for_more()
        self.writer.stop()
        self.assert_healthy_on(self.application, 15)
        self.assert_ledger_complete(self.application, self.writer)
        self.assertEqual(self.lab.leftovers(self.new), [])
        self.assert_journal_clean()

    def restart(self, server):
        """As after a crash: without a word to its sessions, then it recovers."""
        data = self.lab.path("servers", server, "data")
        with open(os.path.join(data, "postmaster.pid"), encoding="utf-8") as file:
            postmaster = int(file.read().split("\n", 1)[0])
        owner = os.stat(data)
        binaries = os.path.dirname(os.readlink(f"/proc/{postmaster}/exe"))
        account = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run([*account, os.path.join(binaries, "pg_ctl"), "restart", "-D", data, "-m", "immediate", "-w", "-l",
                               os.path.join(os.path.dirname(data), "server.log")], capture_output=True, text=True, check=False, cwd="/", timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    # What runs for us is ended, or what it wrote is damaged

    def test_pg_dump_that_is_killed(self):
        with self.start() as run:
            self.wait_for_step("backup_collected_services")

            def dumping():
                return [pid for pid, words in children_of(run.process.pid).items() if words[0].endswith("/pg_dump") and "--version" not in words]
            [pid] = wait_for("pg_dump", dumping, every=0.001)
            os.kill(pid, signal.SIGKILL)
            code, output = self.finish(run)
        self.assert_back_on_the_old_one(code, output, "pg_dump", "backup_collected_services")
        left = [name for _, _, names in os.walk(self.lab.backups) for name in names if name.startswith(self.lab.database_of(self.application)["instance"])]
        self.assertEqual(left, [], "half a backup was left")

    def test_backup_that_is_damaged_before_it_is_restored(self):
        """A bit of it, and its end: it is taken again from the fenced source, or everything is undone."""
        damaged = []
        with self.start() as run:
            def written():
                return self.lab.journal.rows("SELECT file FROM backups WHERE target_id = ?", self.application)
            [(path,)] = wait_for("the backup", written, every=0.001)
            run.signal(signal.SIGSTOP)
            try:
                with open(path, "r+b") as file:
                    file.truncate(os.path.getsize(path) * 2 // 3)
                    file.seek(2000)
                    file.write(b"damaged")
                damaged.append(path)
            finally:
                run.signal(signal.SIGCONT)
            code, output = self.finish(run)
        self.assertEqual(len(damaged), 1)
        if code == 0:
            self.assert_moved()
        else:
            self.assert_back_on_the_old_one(code, output, "restore")

    # Servers

    def test_source_that_crashes_during_the_backup(self):
        with self.start() as run:
            self.wait_for_step("backup_collected_services")
            self.restart(self.old)
            code, output = self.finish(run)
        self.assert_back_on_the_old_one(code, output, self.old)

    def test_target_that_crashes_during_the_restore(self):
        with self.start() as run:
            self.wait_for_step("restore_backup_to_reprovisioned_services")
            self.restart(self.new)
            code, output = self.finish(run)
        self.assert_moved_or_back(code, output, self.new)

    def cut(self, operation):
        """Its sessions and those of its programs, as by an administrator, or a firewall between us and the servers."""
        with self.start() as run:
            wait_for(operation, lambda: self.lab.journal.has_begun(operation), every=0)
            ended = [pid for server in (self.old, self.new)
                     for pid in self.lab.psql(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgconvoy%'")]
            code, output = self.finish(run)
        self.assertTrue(ended, "there was no session")
        if code == 0:
            self.assert_moved()
        else:
            self.assert_back_on_the_old_one(code, output, "(?i)terminat|connection")

    # The journal

    def locked(self, seconds):
        """Somebody holds the write lock of the journal for so long; a thread of its own, since SQLite blocks."""
        def hold():
            with contextlib.closing(sqlite3.connect(self.lab.journal.path, timeout=10, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                held.set()
                release.wait(seconds)
                connection.execute("ROLLBACK")
        held, release = threading.Event(), threading.Event()
        thread = threading.Thread(target=hold)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(release.set)
        self.assertTrue(held.wait(10))
        return release

    def test_journal_that_somebody_locks_for_a_while(self):
        with self.start() as run:
            self.wait_for_step("backup_collected_services")
            self.locked(3)
            code, output = self.finish(run)
        self.assertEqual(code, 0, output)
        self.assert_moved()

    def test_journal_without_room(self):
        """The process ends, the application stays behind its page; with room again a resume goes on."""
        directory = os.path.join(self.lab.base, "small")
        os.makedirs(directory)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", directory], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", directory], check=True)
        self.lab.use_journal("small/journal")
        with self.start() as run:
            self.wait_for_step("backup_collected_services")
            filler = os.path.join(directory, "filler")
            with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
            code, output = self.finish(run)
        self.assertEqual(code, HALTED, output)
        self.assertRegex(output, "(?i)disk.*full|no space")
        self.assertIn("pgconvoy resume r1", output)
        self.assertTrue(self.lab.page_is_on(self.application))
        os.unlink(filler)
        self.assert_exit(self.lab.run("resume", "r1"), 0)
        self.assert_moved()


def test_journal_that_somebody_locks_for_ever(self):
    """SQLite's patience is half a minute; then the process ends, and a resume goes on when the lock is gone."""
    with self.start() as run:
        self.wait_for_step("backup_collected_services")
        began = time.monotonic()
        release = self.locked(120)
        code, output = self.finish(run)
    self.assertLess(time.monotonic() - began, 60)
    release.set()
    self.assertEqual(code, HALTED, output)
    self.assertRegex(output, "(?i)locked|busy")
    self.assertIn("pgconvoy resume r1", output)
    self.assertTrue(self.lab.page_is_on(self.application))
    self.assert_exit(self.lab.run("resume", "r1"), 0)
    self.assert_moved()


def test_target_that_crashes_between_enabling_and_health(self):
    with self.start() as run:
        self.wait_for_step("redeploy")
        self.restart(self.new)
        code, output = self.finish(run)
    state = self.lab.journal.target_states()[self.application]
    if code == 0:  # it was there again before anybody had given up
        self.assert_moved()
    elif state == "rolled_back":
        self.assert_back_on_the_old_one(code, output, self.new)
    else:  # what the app wrote at its start may be the only difference, and it is one
        self.assertEqual(state, "stuck", output)
        self.assert_exit(self.lab.run("retry", "r1", self.application), 0)
        self.assert_moved()


def add_cuts():
    def case(operation):
        return lambda self: self.cut(operation)
    for operation in CUT_IN:
        setattr(ServerErrorsTest, f"test_sessions_that_are_ended_in_{operation}", case(operation))


add_cuts()
if FULL:
    ServerErrorsTest.test_journal_that_somebody_locks_for_ever = test_journal_that_somebody_locks_for_ever
    ServerErrorsTest.test_target_that_crashes_between_enabling_and_health = test_target_that_crashes_between_enabling_and_health


if __name__ == "__main__":
    unittest.main()
