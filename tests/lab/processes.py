"""Starting, finding and ending the laboratory's processes.

A process is found by its command line, which names the laboratory's directory: that works after `up` was killed
between starting one and writing its pid down, and a recycled pid is never mistaken for ours.
"""
import os
import signal
import subprocess
import time

from .errors import LabError

# They outlive us on purpose; while we live, Popen must not be collected, or it warns that its process still runs.
started = []


def start(account, argv, cwd, log, environment=None):
    """Starts argv detached (own session, no terminal), output appended to log, with these variables beside the account's. Returns its pid."""
    arguments = account.popen_arguments()
    arguments["env"].update(environment or {})
    with open(log, "ab") as output:
        account.own(log)
        process = subprocess.Popen(argv, cwd=cwd, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **arguments)
    started.append(process)
    return process.pid


def status_fields(pid):
    """Of /proc/pid/stat from the state on (state, parent, ...); None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None


def command_line(pid):
    """The process's arguments; empty when there is none, it is dead and not yet collected, or it is just being started."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [part.decode("utf-8", "replace") for part in file.read().split(b"\0") if part]
    except OSError:
        return []


def running(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except (ChildProcessError, OSError):
        pass
    fields = status_fields(pid)
    return fields is not None and fields[0] not in "ZX"


def belongs(arguments, directory):
    """postgres and initdb -D DIR/..., pgbouncer DIR/poolers/..., nginx -p DIR/nginx (which rewrites its title to one string), python3 DIR/programs/app.py, node DIR/programs/app.js."""
    if not arguments:
        return False
    name = os.path.basename(arguments[0])
    inside = directory.rstrip("/") + "/"
    # An initdb whose `up` was killed goes on, and on failing removes the data directory that we remove.
    if name in ("postgres", "initdb"):
        return any(following.startswith(inside + "servers/") for flag, following in zip(arguments, arguments[1:]) if flag == "-D")
    if name == "pgbouncer":
        return any(argument.startswith(inside + "poolers/") for argument in arguments[1:])
    if name.startswith("nginx"):
        return f" -p {inside}nginx " in " ".join(arguments) + " "
    if name == "node":
        return len(arguments) > 1 and arguments[1] == inside + "programs/app.js"
    return name.startswith("python3") and len(arguments) > 1 and arguments[1] == inside + "programs/app.py"


def of_laboratory(directory):
    """Pids of the laboratory's servers (initdb included), poolers, page and applications (not of the servers' own children)."""
    pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    return [pid for pid in pids if belongs(command_line(pid), directory)]


def children(pid):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = status_fields(entry)
            if fields and int(fields[1]) == pid and fields[0] not in "ZX":
                found.append(int(entry))
    return found


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def stop(pids, number=signal.SIGTERM, timeout=20.0):
    """Sends the signal to all, waits for all, then kills what is left with its children. Returns how many had to be killed."""
    family = {pid: children(pid) for pid in pids}
    for pid in pids:
        # A test may have frozen the server and its backends.
        for member in [pid, *family[pid]]:
            send(member, signal.SIGCONT)
        send(pid, number)
    left = wait_until_gone(pids, timeout)
    for pid in left:
        for member in [pid, *children(pid)]:
            send(member, signal.SIGKILL)
    stubborn = wait_until_gone(left, 5)
    if stubborn:
        raise LabError(f"processes {stubborn} cannot be ended")
    # A postmaster that was killed leaves backends that notice only at their next read or write.
    orphans = [child for pid in left for child in family[pid]]
    for orphan in orphans:
        if command_line(orphan) and "postgres" in command_line(orphan)[0]:
            send(orphan, signal.SIGKILL)
    return len(left)


def wait_until_gone(pids, timeout):
    deadline = time.monotonic() + timeout
    left = [pid for pid in pids if running(pid)]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [pid for pid in left if running(pid)]
    return left
