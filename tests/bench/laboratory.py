"""A laboratory of one region for a benchmark: made, put back to its first state between measurements, removed."""
import json
import os
import shlex
import subprocess
import sys
import tempfile

from measured import cpu_with_children

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LAB = os.path.join(ROOT, "scripts", "lab")
PROGRAMS = "/usr/lib/postgresql/15/bin"
DATABASES = """SELECT coalesce(json_agg(json_build_object('oid', d.oid::bigint, 'name', datname, 'owner', pg_get_userbyid(datdba),
    'encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype, 'allow', datallowconn, 'limit', datconnlimit,
    'acl', datacl::text, 'settings', s.setconfig) ORDER BY d.oid), '[]')
    FROM pg_database d LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid AND s.setrole = 0 WHERE d.oid >= 16384"""
ROLES = "SELECT coalesce(json_agg(rolname), '[]') FROM pg_roles WHERE oid >= 16384"


def pgconvoy():
    program = os.environ.get("PGCONVOY") or os.path.join(ROOT, "build", "release", "bin", "pgconvoy")
    if not os.access(program, os.X_OK):
        sys.exit(f"{program}: not there; build the release preset, or name the program in PGCONVOY")
    return program


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


def conninfo(base, database):
    """`base` with another database; names that look like a connection string stay names."""
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    return base.replace("dbname=postgres", "") + f" dbname='{quoted}'"


class Laboratory:
    """Context manager. `old` and `new` are connection strings of the two servers, `fleet` the fleet file, `work` a directory for output."""

    def __init__(self, databases, size, seed):
        self.databases, self.size, self.seed = databases, size, seed

    def __enter__(self):
        self.directory_ = tempfile.TemporaryDirectory(prefix="pgconvoy-bench-")
        self.place_ = os.path.join(self.directory_.name, "laboratory")
        self.work = os.path.join(self.directory_.name, "work")
        # The servers' own user has to get to the laboratory, but not to the output.
        os.chmod(self.directory_.name, 0o711)
        os.mkdir(self.work, 0o700)
        try:
            subprocess.run([LAB, "up", "--dir", self.place_, "--regions", "1", "--databases", str(self.databases), "--size", self.size,
                            "--apps", "0", "--seed", str(self.seed)], check=True, stdout=sys.stderr)
            exports = subprocess.run([LAB, "env", "--dir", self.place_], check=True, stdout=subprocess.PIPE, text=True).stdout
            words = dict(word.split("=", 1) for line in exports.splitlines() for word in shlex.split(line)[1:])
            self.fleet = words.pop("PGCONVOY_FLEET")
            self.environment = {**os.environ, "PGPASSFILE": words.pop("PGPASSFILE"), "PATH": PROGRAMS + ":" + os.environ["PATH"]}
            self.old, self.new = words["EU_WEST_PG13"], words["EU_WEST_PG15"]
            self.sources = self.ask(self.old, DATABASES)
            self.servers_ = [int(self.sql(server, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"))
                             for server in (self.old, self.new)]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if os.path.isdir(self.place_):
            subprocess.run([LAB, "down", "--dir", self.place_], check=False, stdout=subprocess.DEVNULL)
        self.directory_.cleanup()

    def sql(self, server, text):
        """Statements one by one, in no common transaction; their output."""
        return subprocess.run([f"{PROGRAMS}/psql", "-XqAtd", server, "-v", "ON_ERROR_STOP=1"], input=text, check=True, text=True,
                              env=self.environment, stdout=subprocess.PIPE).stdout

    def ask(self, server, query):
        return json.loads(self.sql(server, query))

    def servers_cpu(self):
        """CPU seconds of both servers so far. A session counts once it has ended, so it waits for those of other programs."""
        for server in (self.old, self.new):
            self.sql(server, """DO $$ BEGIN FOR turn IN 1..100 LOOP
                EXIT WHEN (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') = 1;
                PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$""")
        return sum(sum(cpu_with_children(pid)) for pid in self.servers_)

    def restart(self):
        for name in ("eu-west-pg13", "eu-west-pg15"):
            for verb in ("stop", "start"):
                subprocess.run([LAB, "server", "--dir", self.place_, verb, name], check=True, stdout=subprocess.DEVNULL)

    def take_roles_over(self):
        """Makes the old server's roles on the new one, as a person would before copying databases by hand."""
        roles = subprocess.run([f"{PROGRAMS}/pg_dumpall", "--roles-only", "-d", self.old], check=True, env=self.environment,
                               stdout=subprocess.PIPE).stdout
        # Without ON_ERROR_STOP: the administrator exists already.
        subprocess.run([f"{PROGRAMS}/psql", "-Xqd", self.new], input=roles, check=True, env=self.environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def put_back(self):
        """The first state again: new server empty, old databases under their names and open, everything flushed."""
        drop = [f"DROP DATABASE {identifier(database['name'])} WITH (FORCE);" for database in self.ask(self.new, DATABASES)]
        self.sql(self.new, "\n".join(drop))
        self.sql(self.new, "\n".join(f"DROP ROLE {identifier(role)};" for role in self.ask(self.new, ROLES)))
        first, statements = {database["oid"]: database for database in self.sources}, []
        for now in self.ask(self.old, DATABASES):
            then = first[now["oid"]]
            if now["name"] != then["name"]:
                statements.append(f"ALTER DATABASE {identifier(now['name'])} RENAME TO {identifier(then['name'])};")
            if (now["allow"], now["limit"]) != (then["allow"], then["limit"]):
                statements.append(f"ALTER DATABASE {identifier(then['name'])} ALLOW_CONNECTIONS {then['allow']} CONNECTION LIMIT {then['limit']};")
            # The fence makes it the administrator's; the privileges of before are put back as they were stored.
            if (now["owner"], now["acl"]) != (then["owner"], then["acl"]):
                statements.append(f"ALTER DATABASE {identifier(then['name'])} OWNER TO {identifier(then['owner'])};")
                acl = "NULL" if then["acl"] is None else "'" + then["acl"].replace("'", "''") + "'"
                statements.append(f"UPDATE pg_database SET datacl = {acl} WHERE oid = {then['oid']};")
        self.sql(self.old, "\n".join(statements))
        if self.ask(self.old, DATABASES) != self.sources:
            sys.exit("the old databases aren't as they were at first: a comparison would mean nothing")
        for server in (self.old, self.new):
            self.sql(server, "CHECKPOINT")
