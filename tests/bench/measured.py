"""Runs one command and says what it cost: wall time, and CPU time and memory of the process alone, not of its children."""
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """Seconds, MB and the exit code of one command."""
    wall: float
    own_cpu: float       # user and system time of the process itself, all its threads
    clients_cpu: float   # of the programs it started and waited for
    peak_mb: float       # largest resident set of the process itself
    exit_code: int


def cpu_with_children(pid):
    """CPU seconds of a process and of the children it has waited for: (own, children's). From proc(5), stat, fields 14 to 17."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    user, system, children_user, children_system = (int(field) / TICKS for field in fields[11:15])
    return user + system, children_user + children_system


def peak_mb(pid):
    """VmHWM, or 0 once the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
            found = re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found.group(1)) / 1024 if found else 0.0


def run_measured(command, log, cwd=None, environment=None):
    """Runs `command` with its output in the file `log`."""
    with open(log, "wb") as output:
        began = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, env=environment)
        peak, ended = [0.0], threading.Event()

        def watch():
            # The kernel keeps the peak; it only has to be read while there still is an address space.
            while not ended.wait(0.05):
                peak[0] = max(peak[0], peak_mb(child.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        # Left unreaped, so that its CPU times are final and can still be read.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        wall = time.monotonic() - began
        ended.set()
        watcher.join()
        own, children = cpu_with_children(child.pid)
        return Cost(wall, own, children, peak[0], child.wait())
