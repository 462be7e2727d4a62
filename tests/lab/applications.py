"""The applications' directories, and starting and stopping one exactly as pgconvoy's `local` controller does."""
import os
import shutil
import signal
import time
from urllib.parse import quote

from . import authority, nginx, processes
from .errors import LabError

# pgconvoy stops the process in app.pid, rewrites env, starts ./run: the pid must stay that of ./run, hence the exec.
# Secrets go through the environment; an argument could be read by everybody on the machine.
RUN = """#!/bin/sh
# Starts this application in the foreground with the variables of ./env (KEY=VALUE, the value raw to the end of its line).
cd "$(dirname "$0")" || exit 1
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    '#'* | '') ;;
    *=*) export "${{line?}}" ;;
  esac
done < ./env
export PYTHONUNBUFFERED=1
# libpq looks for a client certificate there, and gives up when it may not look.
export HOME='{home}'
unset PYTHONHOME PYTHONPATH
if [ "$(id -u)" = 0 ]; then
  exec setpriv --reuid={user} --regid={group} --init-groups /usr/bin/python3 '{program}'
fi
exec /usr/bin/python3 '{program}'
"""


def database_url(record, user, password, port, database):
    place = f"{record.host}:{port}/{quote(database, safe='')}"
    return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{place}{authority.parameters(record)}"


def held_by(record, part, role, password, port, database):
    """What a variable holds of a connection."""
    parts = {"host": record.host, "port": str(port), "user": role, "password": password, "database": database}
    return database_url(record, role, password, port, database) if part == "url" else parts[part]


def install(record, environment, bound):
    """Writes DIR/apps/<environment>/{env,run}; `bound` is its variables that lead to databases. The program is copied, so that the account can read it wherever the checkout is."""
    account, home = record.account, record.path("apps", environment)
    account.make_directory(record.path("programs"))
    program = record.path("programs", "app.py")
    if not os.path.exists(program):
        shutil.copyfile(os.path.join(os.path.dirname(os.path.abspath(__file__)), "app.py"), program)
        account.own(program)
    account.make_directory(home)
    variables = {**bound, "PORT": record.applications[environment]["port"],
                 "LEDGER_FILE": os.path.join(home, "ledger.txt")}
    account.write_file(os.path.join(home, "env"), "".join(f"{key}={value}\n" for key, value in variables.items()), 0o600)
    account.write_file(os.path.join(home, "run"), RUN.format(user=account.uid, group=account.gid, program=program, home=home), 0o755)


def start(record, environment):
    home = record.path("apps", environment)
    pid = processes.start(record.account, ["./run"], home, os.path.join(home, "app.log"))
    record.account.write_file(os.path.join(home, "app.pid"), f"{pid}\n")
    return pid


def wait_until_healthy(record, environment, timeout=15.0):
    url = record.applications[environment]["health_url"]
    deadline = time.monotonic() + timeout
    while True:
        status, body = nginx.fetch(url)
        if status == 200:
            return body
        if time.monotonic() > deadline:
            raise LabError(f"application {environment} is not healthy after {timeout:.0f} s (answer {status}: {body}); "
                           f"see {record.path('apps', environment, 'app.log')}")
        time.sleep(0.05)


def pid(record, environment):
    """The application's process, or None. Right after its start it is still the shell that reads env."""
    try:
        with open(record.path("apps", environment, "app.pid"), encoding="utf-8") as file:
            number = int(file.read())
        if os.readlink(f"/proc/{number}/cwd") != record.path("apps", environment):
            return None
    except (OSError, ValueError):
        return None
    arguments = processes.command_line(number)
    return number if processes.belongs(arguments, record.directory) or "./run" in arguments else None


def stop(record, environment):
    found = pid(record, environment)
    if found:
        processes.stop([found], signal.SIGTERM)
