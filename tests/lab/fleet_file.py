"""Writes DIR/fleet.yaml, the inventory that pgconvoy reads. Paths in it are relative to it; no password is ever in it."""
import re

import yaml

from . import authority, pgbouncer

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")


class Writer(yaml.SafeDumper):
    """Names that could mean something else to a YAML reader are double-quoted."""

    def ignore_aliases(self, data):
        return True


def text(writer, value):
    """Plain only where it cannot be taken for anything else; the dumper itself still quotes words such as `on`."""
    style = None if PLAIN.fullmatch(value) or value.startswith(("http://127", "postgresql://postgres@", "postgresql://pooler_admin@")) else '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Writer.add_representer(str, text)


def controller(record, environment):
    app = record.applications.get(environment)
    if app is None:
        return {"kind": "none"}
    return {"kind": "local", "directory": f"apps/{environment}", "start": ["./run"], "env_file": "env", "pid_file": "app.pid",
            "log_file": "app.log", "maintenance_file": f"nginx/maintenance/{environment}",
            "health_url": app["health_url"], "public_url": app["public_url"]}


def place_of(record, name, to_major):
    """host and caps of new servers, where a region has more than one."""
    server = record.servers[name]
    alike = [other for other, each in record.servers.items() if (each["region"], each["major"]) == (server["region"], to_major)]
    if len(alike) < 2 or name not in alike:
        return {}
    return {"host": f"{server['region']}-host-{alike.index(name) + 1}", "caps": {"bytes": 50_000_000_000, "databases": 200, "connections": 400}}


def write(record, databases, environments, from_major, to_major):
    regions = sorted({server["region"] for server in record.servers.values()})
    fleet = {
        "pgconvoy": 1,
        "regions": {region: {"concurrency": 2} for region in regions},
        "servers": {
            name: {"region": server["region"], "service": f"postgresql-database-{server['major']}",
                   "url": f"postgresql://{record.administrator}@{record.host}:{server['port']}/postgres{authority.parameters(record)}",
                   "password": {"passfile": "secrets/admin.passfile" if record.administrator == "postgres" else "secrets/fleet_admin.passfile"},
                   **place_of(record, name, to_major)}
            for name, server in record.servers.items()},
    }
    if record.poolers:
        fleet["poolers"] = {
            name: {"region": pooler["region"], "kind": "pgbouncer",
                   "url": f"postgresql://{pgbouncer.ADMINISTRATOR}@127.0.0.1:{pooler['port']}/pgbouncer",
                   "password": {"file": "/".join(pgbouncer.PASSWORD_FILE)}, "config_file": f"poolers/{name}/databases.ini"}
            for name, pooler in record.poolers.items()}
    fleet.update({"environments": {}, "instances": {}})
    for environment in environments:
        bindings = [{"instance": database.instance, **({"variables": variables} if variables else {}),
                     **({"poolers": {pgbouncer.name_of(database.region): database.environment}} if record.poolers else {})}
                    for database, variables in environment.bindings]
        fleet["environments"][environment.name] = {
            "region": environment.region, "application": environment.application, "stage": environment.stage, "downtime_budget": "5m",
            "controller": controller(record, environment.name), "bindings": bindings}
    for database in databases:
        fleet["instances"][database.instance] = {
            "server": database.server, "database": database.name, "role": database.role, "state": "provisioned"}
        if record.administrator != "postgres" and not database.has_application:
            fleet["instances"][database.instance]["password"] = {"file": f"secrets/{database.instance}.password"}
    header = f"# A laboratory: PostgreSQL {from_major} to {to_major}. Written by scripts/lab.\n"
    body = yaml.dump(fleet, Dumper=Writer, sort_keys=False, allow_unicode=True, width=float("inf"))
    record.account.write_file(record.path("fleet.yaml"), header + body)
