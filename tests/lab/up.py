"""`scripts/lab up`: builds a laboratory from nothing."""
import os
import re
import secrets
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

from . import applications, fleet_file, nginx, population, postgres, secrets_store
from .databases import Builder
from .errors import LabError
from .ports import Ports
from .record import MARKER, Record


def prepare_directory(directory, account):
    """DIR must be new or empty: `down` removes it."""
    directory = os.path.abspath(directory)
    if os.path.exists(os.path.join(directory, MARKER)):
        raise LabError(f"there is a laboratory in {directory} already", f"scripts/lab down --dir {directory}")
    if os.path.exists(directory) and (not os.path.isdir(directory) or os.listdir(directory)):
        raise LabError(f"{directory} is not an empty directory; a laboratory makes its own")
    if not re.fullmatch(r"[A-Za-z0-9 _./+@:,=~-]+", directory):
        raise LabError(f"{directory!r} holds characters that nginx's and PostgreSQL's configuration would misread")
    existing = os.path.dirname(directory)
    while not os.path.isdir(existing):
        existing = os.path.dirname(existing)
    if not account.can_reach(existing):
        raise LabError(f"user {account.name}, who runs the servers, cannot reach {directory}; take a directory below /tmp or /var/lib")
    account.make_directory(directory)
    account.write_file(os.path.join(directory, MARKER), "scripts/lab made this directory and `scripts/lab down` removes it\n")
    return Record(directory, account, {"version": 1, "complete": False})


def new_servers(options):
    """(major, suffix of the name): eu-west-pg15, eu-west-pg15-2, ..."""
    return [(options.to_major, f"-{number}" if number > 1 else "") for number in range(1, options.target_servers + 1)]


def describe_servers(record, options):
    ports = Ports()
    record.content["socket_directory"] = f"/tmp/pgconvoy-{secrets.token_hex(4)}"
    record.content["servers"] = {
        f"{region}-pg{major}{suffix}": {"region": region, "major": major, "port": ports.take(), "bin": postgres.bin_directory(major)}
        for region in population.region_names(options.regions)
        for major, suffix in [(options.from_major, ""), *new_servers(options)]}
    return ports


def describe_databases(record, databases, ports):
    record.content["databases"] = [
        {"environment": d.environment, "instance": d.instance, "server": d.server, "database": d.name, "role": d.role,
         "reader": d.reader, "shape": d.shape} for d in databases]
    record.content["applications"] = {}
    for database in databases:
        if database.has_application:
            port, public_port = ports.take(), ports.take()
            record.content["applications"][database.environment] = {
                "port": port, "public_port": public_port, "server": database.server,
                "health_url": f"http://127.0.0.1:{port}/health", "public_url": f"http://127.0.0.1:{public_port}/"}


def write_secrets(record, databases):
    """admin.password (for initdb, and as an example of a password file), admin.passfile, and roles.passfile with every login."""
    account = record.account
    account.make_directory(record.path("secrets"), 0o700)
    admin = secrets_store.new_password()
    account.write_file(record.path("secrets", "admin.password"), admin + "\n", 0o600)
    lines = [secrets_store.passfile_line(host, server["port"], "*", "postgres", admin)
             for server in record.servers.values() for host in ("127.0.0.1", record.content["socket_directory"])]
    account.write_file(record.path("secrets", "admin.passfile"), "".join(lines), 0o600)
    passwords = {}
    for database in databases:
        passwords[database.role] = secrets_store.new_password(hostile=database.shape == "2-hostile")
        passwords[database.reader] = secrets_store.new_password()
    lines = [secrets_store.passfile_line("*", "*", "*", login, password) for login, password in passwords.items()]
    account.write_file(record.path("secrets", "roles.passfile"), "".join(lines), 0o600)
    return passwords


def each(work, names):
    """In parallel; initdb and start-up are mostly waiting."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(work, names))


def start_servers(record):
    record.account.make_directory(record.content["socket_directory"])

    def one(name):
        postgres.make(record, name)
        return postgres.start(record, name)
    for name, pid in zip(record.servers, each(one, record.servers)):
        record.servers[name]["pid"] = pid
    record.save()


def start_applications(record, databases, passwords):
    bound = [database for database in databases if database.has_application]
    if not bound:
        return
    for database in bound:
        applications.install(record, database.environment, database.role, passwords[database.role],
                             record.server(database.server)["port"], database.name)
    nginx.configure(record)
    record.content["nginx_pid"] = nginx.start(record)
    for database in bound:
        record.applications[database.environment]["pid"] = applications.start(record, database.environment)
    record.save()
    for database in bound:
        applications.wait_until_healthy(record, database.environment)


def up(options, account, say):
    started = time.monotonic()
    if options.apps > options.databases:
        raise LabError(f"--apps {options.apps} is more than --databases {options.databases}: an application needs a database of its own")
    if options.apps and not shutil.which("nginx", path="/usr/sbin:/usr/bin"):
        raise LabError("nginx is not installed", "scripts/setup")
    # Looked for first: nothing is made when a server version is missing.
    for major in (options.from_major, options.to_major):
        postgres.bin_directory(major)
    databases = population.populate(options.regions, options.databases, options.apps, options.seed, options.from_major)
    record = prepare_directory(options.dir, account)
    ports = describe_servers(record, options)
    describe_databases(record, databases, ports)
    record.content["options"] = {key: getattr(options, key) for key in ("regions", "databases", "apps", "size", "seed", "from_major", "to_major", "target_servers")}
    record.save()
    passwords = write_secrets(record, databases)

    say(f"starting {len(record.servers)} servers, PostgreSQL {options.from_major} and {options.to_major} in {options.regions} regions")
    start_servers(record)
    say(f"servers ready after {time.monotonic() - started:.1f} s; making {len(databases)} databases ({options.size})")
    step = max(1, len(databases) // 4)
    Builder(record, options.size, passwords,
            lambda done, total: say(f"  {done} of {total} databases") if done % step == 0 and done < total else None).build(databases)
    each(lambda name: postgres.finish_filling(record, name), record.servers)
    if options.apps:
        say(f"databases ready after {time.monotonic() - started:.1f} s; starting {options.apps} applications behind nginx")
    start_applications(record, databases, passwords)
    fleet_file.write(record, databases, options.from_major, options.to_major)
    record.content["complete"] = True
    record.save()
    say(f"laboratory ready in {time.monotonic() - started:.1f} s: {record.path('fleet.yaml')}")
    say(f"look:  scripts/lab status --dir {options.dir}")
    say(f"next:  pgconvoy plan -f {record.path('fleet.yaml')} --runbook postgres-{options.from_major}-to-{options.to_major}")
    say(f"end:   scripts/lab down --dir {options.dir}")
