"""`scripts/lab up`: builds a laboratory from nothing."""
import os
import re
import secrets
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

from . import applications, authority, fleet_file, managed, nginx, pgbouncer, population, postgres, secrets_store, shared, templates
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
    locales = {options.to_major: options.new_locales, options.from_major: options.old_locales}
    record.content["socket_directory"] = f"/tmp/pgconvoy-{secrets.token_hex(4)}"
    record.content["servers"] = {
        f"{region}-pg{major}{suffix}": {"region": region, "major": major, "port": ports.take(), "bin": postgres.bin_directory(major),
                                        **({"locales": os.path.abspath(locales[major])} if locales[major] else {})}
        for region in population.region_names(options.regions)
        for major, suffix in [(options.from_major, ""), *new_servers(options)]}
    return ports


def describe_databases(record, databases, environments, ports):
    record.content["databases"] = [
        {"environment": d.environment, "instance": d.instance, "server": d.server, "database": d.name, "role": d.role,
         "reader": d.reader, "shape": d.shape} for d in databases]
    record.content["applications"] = {}
    for environment in environments:
        if environment.has_application:
            port, public_port = ports.take(), ports.take()
            record.content["applications"][environment.name] = {
                "port": port, "public_port": public_port, "server": environment.bindings[0][0].server,
                "health_url": f"http://127.0.0.1:{port}/health", "public_url": f"http://127.0.0.1:{public_port}/"}


def write_secrets(record, databases, more_logins):
    """admin.password (for initdb, and as an example of a password file), admin.passfile, roles.passfile with every login; fleet_admin.passfile when
    the fleet's administrator is no superuser."""
    account = record.account
    account.make_directory(record.path("secrets"), 0o700)
    admin = templates.password(account) or secrets_store.new_password()
    account.write_file(record.path("secrets", "admin.password"), admin + "\n", 0o600)
    lines = [secrets_store.passfile_line(host, server["port"], "*", "postgres", admin)
             for server in record.servers.values() for host in ("127.0.0.1", "localhost", record.content["socket_directory"])]
    account.write_file(record.path("secrets", "admin.passfile"), "".join(lines), 0o600)
    passwords = {}
    if record.administrator == managed.ADMINISTRATOR:
        passwords[managed.ADMINISTRATOR] = secrets_store.new_password()
        lines = [secrets_store.passfile_line(host, server["port"], "*", managed.ADMINISTRATOR, passwords[managed.ADMINISTRATOR])
                 for server in record.servers.values() for host in ("127.0.0.1", "localhost")]
        account.write_file(record.path("secrets", "fleet_admin.passfile"), "".join(lines), 0o600)
    for database in databases:
        passwords.setdefault(database.role, secrets_store.new_password(hostile=database.shape == "2-hostile"))
        passwords.setdefault(database.reader, secrets_store.new_password())
    for login in more_logins:
        passwords[login] = secrets_store.new_password()
    if record.administrator == managed.ADMINISTRATOR:
        # Who can't read verifiers must be told the passwords that no application's environment holds.
        for database in databases:
            if not database.has_application:
                account.write_file(record.path("secrets", f"{database.instance}.password"), passwords[database.role] + "\n", 0o600)
    lines = [secrets_store.passfile_line("*", "*", "*", login, password) for login, password in passwords.items() if login != managed.ADMINISTRATOR]
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


def start_poolers(record, databases):
    for name, pooler in record.poolers.items():
        pgbouncer.configure(record, name, [database for database in databases if database.region == pooler["region"]])
        pooler["pid"] = pgbouncer.start(record, name)
    record.save()


def start_applications(record, environments, passwords):
    bound = [environment for environment in environments if environment.has_application]
    if not bound:
        return
    def place(database):
        if record.poolers:
            return record.poolers[pgbouncer.name_of(database.region)]["port"], database.environment
        return record.server(database.server)["port"], database.name
    for environment in bound:
        applications.install(record, environment.name, {
            variable: applications.held_by(record, part, database.role, passwords[database.role], *place(database))
            for database, variables in environment.bindings for variable, part in variables.items()})
    nginx.configure(record)
    record.content["nginx_pid"] = nginx.start(record)
    for environment in bound:
        record.applications[environment.name]["pid"] = applications.start(record, environment.name)
    record.save()
    for environment in bound:
        applications.wait_until_healthy(record, environment.name)


def up(options, account, say):
    started = time.monotonic()
    if options.apps > options.databases:
        raise LabError(f"--apps {options.apps} is more than --databases {options.databases}: an application needs a database of its own")
    if (options.apps or options.shared) and not shutil.which("nginx", path="/usr/sbin:/usr/bin"):
        raise LabError("nginx is not installed", "scripts/setup")
    if options.pooler:
        if options.tls or options.profile == "managed":
            raise LabError("--pooler doesn't go with --tls and --profile managed: the laboratory's poolers speak no TLS")
        pgbouncer.check_installed()
    # Looked for first: nothing is made when a server version is missing.
    for major in (options.from_major, options.to_major):
        postgres.bin_directory(major)
    databases = population.populate(options.regions, options.databases, options.apps, options.seed, options.from_major)
    environments = population.environments_of(databases)
    if options.shared:
        more, using_them = shared.add(population.region_names(1)[0], options.from_major, len(databases))
        databases, environments = databases + more, environments + using_them
    record = prepare_directory(options.dir, account)
    ports = describe_servers(record, options)
    describe_databases(record, databases, environments, ports)
    if options.pooler:
        pgbouncer.describe(record, population.region_names(options.regions), ports)
    record.content["tls"] = options.tls or options.profile == "managed"
    record.content["administrator"] = managed.ADMINISTRATOR if options.profile == "managed" else "postgres"
    record.content["options"] = {key: getattr(options, key) for key in ("regions", "databases", "apps", "shared", "size", "seed", "from_major", "to_major", "pooler", "profile", "tls", "target_servers")}
    record.save()
    passwords = write_secrets(record, databases, [shared.MEMBER] if options.shared else [])
    if record.tls:
        authority.make(record)
    if options.pooler:
        pgbouncer.write_password(record)

    say(f"starting {len(record.servers)} servers, PostgreSQL {options.from_major} and {options.to_major} in {options.regions} regions")
    start_servers(record)
    say(f"servers ready after {time.monotonic() - started:.1f} s; making {len(databases)} databases ({options.size})")
    step = max(1, len(databases) // 4)
    Builder(record, options.size, passwords,
            lambda done, total: say(f"  {done} of {total} databases") if done % step == 0 and done < total else None).build(databases)
    if options.shared:
        shared.finish(record, databases[-1].server, passwords)
    if options.profile == "managed":
        for name, server in record.servers.items():
            managed.make_administrator(record, name, passwords[managed.ADMINISTRATOR])
            if server["major"] == options.from_major:
                managed.join_owners(record, name)
    each(lambda name: postgres.finish_filling(record, name), record.servers)
    if record.applications:
        say(f"databases ready after {time.monotonic() - started:.1f} s; starting {len(record.applications)} applications behind nginx")
    start_poolers(record, databases)
    start_applications(record, environments, passwords)
    fleet_file.write(record, databases, environments, options.from_major, options.to_major)
    record.content["complete"] = True
    record.save()
    say(f"laboratory ready in {time.monotonic() - started:.1f} s: {record.path('fleet.yaml')}")
    say(f"look:  scripts/lab status --dir {options.dir}")
    shipped = (options.from_major, options.to_major) == (13, 15)
    services = f"--set from=postgresql-database-{options.from_major} --set to=postgresql-database-{options.to_major}"
    runbook = "postgres-13-to-15" if shipped else f"postgres-upgrade {services}"
    say(f"next:  pgconvoy plan -f {record.path('fleet.yaml')} --runbook {runbook}")
    say(f"end:   scripts/lab down --dir {options.dir}")
