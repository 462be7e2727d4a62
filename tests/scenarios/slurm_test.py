"""The job array of packaging/slurm, on a Slurm of its own: one node, which is this machine, with slots enough. Four tasks carry
one run out together; what a killed one held is taken over by another, and nothing is done twice."""
import os
import shutil
import signal
import subprocess
import time
import unittest

from tests.lab.ports import Ports

from .support import program, wait_for
from .workers_test import WorkersTest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
SCRIPT = os.path.join(ROOT, "packaging", "slurm", "workers.sbatch")
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue")
NODE = os.uname().nodename.split(".")[0]
SLOTS = 6

CONFIGURATION = """
ClusterName=convoy
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
CredType=cred/munge
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
MailProg=/bin/true
SchedulerType=sched/builtin
SlurmdParameters=config_overrides
NodeName={node} NodeAddr=127.0.0.1 CPUs={slots} RealMemory=16000
PartitionName=night Nodes={node} Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """munge, slurmctld and slurmd in a directory of their own, on free ports."""

    def __init__(self, base):
        self.home = os.path.join(base, "slurm")
        self.processes = []

    def __enter__(self):
        missing = [name for name in NEEDED if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")]
        if missing:
            raise AssertionError(f"NOT RUN: {', '.join(missing)} not found; scripts/setup --full installs them")
        if os.geteuid() != 0:
            raise AssertionError("NOT RUN: slurmd changes to each job's user, which only root may")
        for folder in ("", "state", "spool"):
            os.makedirs(os.path.join(self.home, folder), mode=0o755, exist_ok=True)
        self.configuration = os.path.join(self.home, "slurm.conf")
        ports = Ports()
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(home=self.home, node=NODE, controller=ports.take(), daemon=ports.take(), slots=SLOTS))
        key = os.path.join(self.home, "munge.key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(os.urandom(128))
        # Its directory may be of a temporary one that others may write to: this munge is nobody's but the test's.
        self.start("munged", "--foreground", "--force", f"--socket={self.home}/munge.socket", f"--key-file={key}",
                   f"--pid-file={self.home}/munged.pid", f"--seed-file={self.home}/munge.seed", f"--log-file={self.home}/munged.log")
        try:
            wait_for("munge", lambda: os.path.exists(f"{self.home}/munge.socket"), seconds=20)
            self.start("slurmctld", "-D", "-f", self.configuration)
            self.start("slurmd", "-D", "-f", self.configuration, "-N", NODE)
            wait_for("the node to be idle", lambda: "idle" in self.call("sinfo", "--noheader", "--format=%T", check=False), seconds=40, every=0.3)
        except BaseException:
            for name in ("munged", "slurmctld", "slurmd"):
                with open(os.path.join(self.home, f"{name}.out"), encoding="utf-8", errors="replace") as file:
                    print(f"{name}: {file.read()[-1500:]}")
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def environment(self):
        return {**os.environ, "SLURM_CONF": self.configuration, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

    def start(self, *command):
        with open(os.path.join(self.home, f"{command[0]}.out"), "wb") as out:
            self.processes.append(subprocess.Popen(command, cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT))

    def call(self, *command, check=True, **variables):
        done = subprocess.run(command, cwd=self.home, env={**self.environment, **variables}, capture_output=True, text=True, check=False, timeout=60)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def tasks(self):
        """task -> state, of what is queued or at work."""
        return dict(line.split("|") for line in self.call("squeue", "--noheader", "--array", "--format=%K|%T").splitlines())


class SlurmTest(WorkersTest):
    laboratory_options = {"regions": 2, "databases": 8, "apps": 1, "seed": 79}

    def test_four_tasks_one_of_which_is_killed(self):
        lab = self.lab
        for each in lab.record["databases"]:
            lab.make_slow(each["environment"], 1.5)
        application, = lab.record["applications"]
        writer = lab.start_writer(application, rate=20)
        writer.wait_for_more()
        run = self.begin()
        # What the script reads instead of having secrets in it; programs are found as they are on a worker's host.
        programs = os.path.join(lab.base, "programs")
        os.mkdir(programs)
        os.symlink(program(), os.path.join(programs, "pgconvoy"))
        settings = os.path.join(lab.base, "worker.env")
        environment = lab.environment(self.url)
        with open(os.open(settings, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            for name in ("PGCONVOY_JOURNAL", "PGCONVOY_BACKUP_DIRECTORY", "PGPASSFILE", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
                if name in environment:
                    file.write(f"{name}='{environment[name]}'\n")
            file.write(f"PATH='{programs}:/usr/sbin:/usr/bin:/sbin:/bin'\n")
        with Slurm(lab.base) as slurm:
            slurm.call("sbatch", "--array=1-4", "--output", os.path.join(slurm.home, "task-%a.log"), SCRIPT, f"r{run}", "--lease", "4s",
                       PGCONVOY_WORKER_ENV=settings)
            holders = wait_for("two tasks that hold targets", lambda: (found := set(self.server.holders().values())) if len(set(self.server.holders().values())) >= 2 else None, seconds=60)
            os.kill(min(holders), signal.SIGKILL)
            wait_for("the end of the run", lambda: self.ended(run), seconds=150, every=0.3)
            wait_for("the tasks to end", lambda: not slurm.tasks(), seconds=60, every=0.5)
            logs = {}
            for number in range(1, 5):
                with open(os.path.join(slurm.home, f"task-{number}.log"), encoding="utf-8", errors="replace") as file:
                    logs[number] = file.read()
        self.assert_each_done_once(run)
        # All four joined the run, and the password's file was named in none of their outputs.
        joined = {event[5]["pid"] for event in self.server.events(run) if event[4] == "run_started" and event[1] == 0}
        self.assertGreaterEqual(len(joined), 3, logs)
        self.assertIn(min(holders), joined, logs)
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        self.assert_databases_moved()


if __name__ == "__main__":
    unittest.main()
