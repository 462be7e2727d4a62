"""Writes DIR/fleet.yaml, the inventory that pgconvoy reads. Paths in it are relative to it; no password is ever in it."""
import re

import yaml

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")


class Writer(yaml.SafeDumper):
    """Names that could mean something else to a YAML reader are double-quoted."""

    def ignore_aliases(self, data):
        return True


def text(writer, value):
    """Plain only where it cannot be taken for anything else; the dumper itself still quotes words such as `on`."""
    style = None if PLAIN.fullmatch(value) or value.startswith(("http://127", "postgresql://postgres@")) else '"'
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


def write(record, databases, from_major, to_major):
    regions = sorted({server["region"] for server in record.servers.values()})
    fleet = {
        "pgconvoy": 1,
        "regions": {region: {"concurrency": 2} for region in regions},
        "servers": {
            name: {"region": server["region"], "service": f"postgresql-database-{server['major']}",
                   "url": f"postgresql://postgres@127.0.0.1:{server['port']}/postgres",
                   "password": {"passfile": "secrets/admin.passfile"}, **place_of(record, name, to_major)}
            for name, server in record.servers.items()},
        "environments": {}, "instances": {},
    }
    for database in databases:
        binding = {"instance": database.instance}
        if database.has_application:
            binding["variables"] = {"DATABASE_URL": "url"}
        fleet["environments"][database.environment] = {
            "region": database.region, "application": database.application, "stage": database.stage, "downtime_budget": "5m",
            "controller": controller(record, database.environment), "bindings": [binding]}
        fleet["instances"][database.instance] = {
            "server": database.server, "database": database.name, "role": database.role, "state": "provisioned"}
    header = f"# A laboratory: PostgreSQL {from_major} to {to_major}. Written by scripts/lab.\n"
    body = yaml.dump(fleet, Dumper=Writer, sort_keys=False, allow_unicode=True, width=float("inf"))
    record.account.write_file(record.path("fleet.yaml"), header + body)
