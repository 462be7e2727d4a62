"""The command line of scripts/lab."""
import argparse
import os
import shlex
import signal
import sys

from . import applications, check_ledger, nginx, pgbouncer, postgres, processes
from .account import Account
from .down import down
from .errors import LabError
from .population import SIZES
from .record import Record
from .status import status
from .up import up


def say(text):
    """Whoever reads may stop reading (`| head`): that must not leave a laboratory half made."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser():
    def positive(text):
        number = int(text)
        if number < 1:
            raise argparse.ArgumentTypeError("at least 1")
        return number

    main = argparse.ArgumentParser(prog="scripts/lab", description="A laboratory of real PostgreSQL servers, databases and applications.")
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, text):
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--dir", required=True, help="the laboratory's directory")
        return added

    made = command("up", "build a laboratory in a new or empty directory")
    made.add_argument("--regions", type=positive, default=2, help="each has one old and one new server (default 2)")
    made.add_argument("--target-servers", type=positive, default=1, help="new servers of each region, with host and caps (default 1, without)")
    made.add_argument("--databases", type=int, default=8, help="spread over the regions' old servers (default 8)")
    made.add_argument("--size", choices=SIZES, default="tiny", help="of each database: about 8, 35 or 700 MB")
    made.add_argument("--apps", type=int, default=2, help="the first so many databases have an application (default 2)")
    made.add_argument("--pooler", action="store_true", help="a pgbouncer in each region, between its applications and its servers")
    made.add_argument("--shared", action="store_true", help="also databases of one role, environments on one database, several bindings (6 databases, 5 applications more)")
    made.add_argument("--profile", choices=["plain", "managed"], default="plain",
                      help="managed: the fleet's administrator is no superuser, and TLS is required, as on a managed service")
    made.add_argument("--tls", action="store_true", help="servers refuse TCP connections without TLS; clients verify them (verify-full)")
    for age in ("old", "new"):
        made.add_argument(f"--{age}-locales", metavar="DIR", help=f"locales that localedef made, which {age} servers find instead of the system's (LOCPATH)")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--from", dest="from_major", type=int, default=13, metavar="MAJOR")
    made.add_argument("--to", dest="to_major", type=int, default=15, metavar="MAJOR")
    command("status", "what runs, what it holds; exit code 1 when something is down")
    command("down", "stop everything and remove the directory").add_argument("--keep", action="store_true", help="stop only")
    query = command("psql", "psql as the administrator of a server")
    query.add_argument("server")
    query.add_argument("arguments", nargs=argparse.REMAINDER, help="[DATABASE] and psql's own")
    command("env", "shell exports: the fleet file, the passfile, a conninfo for each server")
    ledger = command("verify-ledger", "check that each acknowledged entry is in its application's present database exactly once")
    ledger.add_argument("--app", action="append", help="an environment (default: all)")
    ledger.add_argument("--acknowledged", action="append", default=[], metavar="FILE", help="also what a writer recorded (with one --app)")
    for kind, what in (("server", "of a server or a pooler"), ("app", "of an application"), ("page", "of the maintenance page")):
        one = command(kind, f"change the state {what}")
        one.add_argument("action", choices={"server": ["start", "stop", "crash", "freeze", "thaw"], "app": ["start", "stop"], "page": ["on", "off"]}[kind])
        one.add_argument("name")
    return main


def run_psql(record, options):
    server = record.server(options.server)
    arguments = options.arguments
    os.environ["PGPASSFILE"] = record.path("secrets", "admin.passfile")
    # Through --dbname a name such as "host=x" would be read as a connection string; the variable is only a name.
    os.environ["PGDATABASE"] = arguments.pop(0) if arguments and not arguments[0].startswith("-") else "postgres"
    os.execvp("psql", ["psql", "-X", "-h", "127.0.0.1", "-p", str(server["port"]), "-U", "postgres", *arguments])


def print_environment(record):
    values = {"PGCONVOY_FLEET": record.path("fleet.yaml"), "PGPASSFILE": record.path("secrets", "admin.passfile")}
    if record.tls:
        values["PGSSLROOTCERT"] = record.path("tls", "authority.crt")
    for name, server in record.servers.items():
        values[name.upper().replace("-", "_")] = f"host=127.0.0.1 port={server['port']} user=postgres dbname=postgres"
    for name, value in values.items():
        say(f"export {name}={shlex.quote(value)}")


def verify_ledger(record, options):
    names = options.app or list(record.applications)
    if options.acknowledged and len(names) != 1:
        raise LabError("--acknowledged belongs to one application: name it with --app")
    good = True
    for name in names:
        if name not in record.applications:
            raise LabError(f"no application '{name}'; there are {', '.join(record.applications) or 'none'}")
        text, fine = check_ledger.describe(name, check_ledger.check(record.path("apps", name), options.acknowledged))
        say(text)
        good = good and fine
    return good


def change_pooler(record, options):
    pid = pgbouncer.pid(record, options.name)
    if options.action == "start" and not pid:
        pgbouncer.remove_leftovers(record, options.name)
        pgbouncer.start(record, options.name)
    elif options.action in ("stop", "crash"):
        pgbouncer.stop(record, options.name, signal.SIGKILL if options.action == "crash" else signal.SIGTERM)
    elif options.action in ("freeze", "thaw") and pid:
        processes.send(pid, signal.SIGSTOP if options.action == "freeze" else signal.SIGCONT)


def change(record, options):
    if options.command == "server" and options.name in record.poolers:
        change_pooler(record, options)
        return
    if options.command == "server":
        record.server(options.name)
        pid = postgres.pid(record, options.name)
        {"start": lambda: pid or postgres.start(record, options.name),
         "stop": lambda: postgres.stop(record, options.name),
         "crash": lambda: postgres.stop(record, options.name, signal.SIGQUIT),
         "freeze": lambda: postgres.freeze(record, options.name, signal.SIGSTOP),
         "thaw": lambda: postgres.freeze(record, options.name, signal.SIGCONT)}[options.action]()
        return
    if options.name not in record.applications:
        raise LabError(f"no application '{options.name}'; there are {', '.join(record.applications) or 'none'}")
    if options.command == "page":
        flag = nginx.flag(record, options.name)
        if options.action == "on":
            record.account.write_file(flag, "")
        elif os.path.exists(flag):
            os.unlink(flag)
    elif options.action == "stop":
        applications.stop(record, options.name)
    elif not applications.pid(record, options.name):
        applications.start(record, options.name)
        applications.wait_until_healthy(record, options.name)


def dispatch(options):
    account = Account()
    if options.command == "up":
        up(options, account, say)
        return True
    record = Record.load(options.dir, account)
    actions = {"status": lambda: status(record, say), "down": lambda: down(record, options.keep, say),
               "psql": lambda: run_psql(record, options), "env": lambda: print_environment(record),
               "verify-ledger": lambda: verify_ledger(record, options)}
    return actions.get(options.command, lambda: change(record, options))() is not False


def main():
    options = parser().parse_args()
    try:
        return 0 if dispatch(options) else 1
    except KeyboardInterrupt:
        print(f"lab: interrupted; scripts/lab down --dir {options.dir} removes what is there", file=sys.stderr)
        return 130
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        hint = error.next_command
        if options.command == "up" and not hint and os.path.exists(os.path.join(options.dir, ".pgconvoy-lab")):
            hint = f"scripts/lab down --dir {options.dir}"
        if hint:
            print(f"lab: next: {hint}", file=sys.stderr)
        return 2
