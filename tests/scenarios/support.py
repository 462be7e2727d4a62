"""What every scenario needs: a laboratory, pgconvoy on it, and looks at servers, applications and the journal.

PGCONVOY names the program under test; without it the release build is taken.
"""
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import yaml

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAB = os.path.join(CHECKOUT, "scripts", "lab")
WRITER = os.path.join(CHECKOUT, "tests", "lab", "writer.py")
RUNBOOK = "postgres-13-to-15"
SECONDS_AT_MOST = 90  # of any single command: a hang is a failure, not a wait


def program():
    return os.path.abspath(os.environ.get("PGCONVOY") or os.path.join(CHECKOUT, "build", "release", "bin", "pgconvoy"))


def wait_for(what, holds, seconds=30, every=0.02):
    """Waits until holds() is true and returns what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)


def fetch(url):
    """(status, body); (None, None) when nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return None, None


class Journal:
    """Looks into a journal's file while pgconvoy writes it."""

    def __init__(self, path):
        self.path = path

    def rows(self, query, *values):
        if not os.path.exists(self.path):
            return []
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)) as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError:  # it is just being made
            return []

    def target_states(self, run=1):
        return dict(self.rows("SELECT id, state FROM targets WHERE run = ?", run))

    def is_started(self, operation, target=None):
        """A step of this operation was started and has no outcome."""
        # A path is bracket/operation@instance.
        found = self.rows("""SELECT steps.path FROM steps JOIN targets ON targets.run = steps.run AND targets.number = steps.target
                             WHERE steps.status = 'started' AND (?1 IS NULL OR targets.id = ?1)""", target)
        return any(path.split("@")[0].split("/")[-1] == operation for (path,) in found)

    def has_begun(self, operation, run=1):
        """A step of this operation was started, whatever became of it."""
        paths = self.rows("SELECT path FROM steps WHERE run = ? AND attempt > 0", run)
        return any(path.split("@")[0].split("/")[-1] == operation for (path,) in paths)


class Laboratory:
    """Real servers, databases, applications and nginx in a directory of their own, and pgconvoy with a journal there. At the end
    every journal must be sound."""

    def __init__(self, regions=1, databases=2, apps=1, seed=1, size="tiny", profile="plain", pooler=False, shared=False, tls=False, **more):
        self.options = {"regions": regions, "databases": databases, "apps": apps, "size": size, "seed": seed, "profile": profile, **more}
        self.flags = (["--pooler"] if pooler else []) + (["--shared"] if shared else []) + (["--tls"] if tls else [])
        self.base = self.directory = self.journal = self.record = None
        self.writers, self.journals = [], []

    def __enter__(self):
        self.base = tempfile.mkdtemp(prefix="pgconvoy-scenario-")
        os.chmod(self.base, 0o755)  # servers and applications run under an account of their own
        self.directory = os.path.join(self.base, "lab")
        self.use_journal("journal")
        self.backups = os.path.join(self.base, "backups")
        arguments = [text for key, value in self.options.items() for text in (f"--{key.replace('_', '-')}", str(value))] + self.flags
        try:
            made = subprocess.run([LAB, "up", "--dir", self.directory, *arguments], capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise AssertionError(made.stdout + made.stderr)
            with open(self.path("lab.json"), encoding="utf-8") as file:
                self.record = json.load(file)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, failure=None, *_):
        unsound = ""
        try:
            for writer in list(self.writers):
                writer.stop()
            unsound = self.unsound_journals()
        finally:
            subprocess.run([LAB, "down", "--dir", self.directory], capture_output=True, check=False)
            shutil.rmtree(self.base, ignore_errors=True)
        if unsound and failure is None:
            raise AssertionError(unsound)

    def unsound_journals(self):
        """What `journal verify` says of the journals that were in use, whatever state runs were left in; "" when they are sound."""
        found = ""
        for journal in self.journals:
            if os.path.exists(journal.path):
                done = self.run("journal", "verify", journal=journal.path)
                if done.returncode != 0:
                    found += f"{journal.path}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return found

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def file(self, name, text):
        path = os.path.join(self.base, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    @property
    def fleet(self):
        return self.path("fleet.yaml")

    def use_journal(self, name):
        """Another journal from here on, so that its first run is r1."""
        self.journal = Journal(os.path.join(self.base, f"{name}.db"))
        if all(each.path != self.journal.path for each in self.journals):
            self.journals.append(self.journal)

    def database_of(self, environment):
        return next(each for each in self.record["databases"] if each["environment"] == environment)

    # pgconvoy

    def environment(self, journal=None, **more):
        taken = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "PGCONVOY"))}
        return {**taken, "PGCONVOY_JOURNAL": journal or self.journal.path, "PGCONVOY_BACKUP_DIRECTORY": self.backups,
                "PGPASSFILE": self.path("secrets", "admin.passfile"), "NO_COLOR": "1", **more}

    def run(self, *arguments, journal=None, environment=None, wrapper=(), seconds=SECONDS_AT_MOST):
        return subprocess.run([*wrapper, program(), *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              cwd=self.base, env=self.environment(journal, **(environment or {})), timeout=seconds)

    def start(self, *arguments, journal=None, environment=None, wrapper=()):
        """In the background; see Started."""
        return Started(self, arguments, journal, environment, wrapper)

    def url(self, server, database="postgres", user="postgres"):
        return f"postgresql://{user}@127.0.0.1:{self.record['servers'][server]['port']}/{database}"

    def edited_runbook(self, **operations):
        """A file: the runbook with arguments for operations that have none, such as redeploy="{health_timeout: 3s}"."""
        text = self.run("runbook", "show", RUNBOOK, "--output", "yaml").stdout
        for name, arguments in operations.items():
            changed = text.replace(f"- {name}\n", f"- {name}: {arguments}\n")
            if changed == text:
                raise AssertionError(f"the runbook has no {name} without arguments:\n{text}")
            text = changed
        return self.file("runbook.yaml", text)

    def fleet_arguments(self, *more):
        arguments = [] if "-f" in more else ["-f", self.fleet]
        if "--runbook" not in more:
            arguments += ["--runbook", RUNBOOK]
        return [*arguments, *more]

    def migrate(self, *more, **options):
        return self.run("run", *self.fleet_arguments(*more), "--yes", **options)

    def json(self, *arguments, **options):
        done = self.run(*arguments, "--output", "json", **options)
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise AssertionError(f"{' '.join(arguments)} --output json: {error}\n{done.stdout}{done.stderr}") from error

    # servers

    def server(self, region, major):
        return f"{region}-pg{major}"

    def psql(self, server, query, database="postgres"):
        """The rows, columns separated by |, as the administrator."""
        environment = {**self.environment(), "PGDATABASE": database, "PGCONNECT_TIMEOUT": "10"}
        done = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                               str(self.record["servers"][server]["port"]), "-U", "postgres", "-c", query],
                              capture_output=True, text=True, check=False, env=environment, timeout=SECONDS_AT_MOST)
        if done.returncode != 0:
            raise AssertionError(f"{server}: {query}\n{done.stderr}")
        return done.stdout.splitlines()

    def start_session(self, server, query, database="postgres"):
        """psql at work on that query until it is killed."""
        environment = {**self.environment(), "PGDATABASE": database}
        return subprocess.Popen(["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(self.record["servers"][server]["port"]), "-U", "postgres", "-c", query],
                                env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def catalog(self, server):
        """All databases and roles of a server with everything that a run could change about them."""
        return {
            "databases": self.psql(server, """
                SELECT d.datname, pg_get_userbyid(d.datdba), d.datallowconn, d.datconnlimit, d.datacl, d.datcollate,
                       shobj_description(d.oid, 'pg_database'),
                       (SELECT array_agg(format('%s:%s', s.setrole, s.setconfig) ORDER BY s.setrole)
                        FROM pg_db_role_setting s WHERE s.setdatabase = d.oid)
                FROM pg_database d ORDER BY d.datname"""),
            "roles": self.psql(server, """
                SELECT r.*, a.rolpassword, (SELECT array_agg(m.roleid::regrole ORDER BY 1) FROM pg_auth_members m WHERE m.member = r.oid)
                FROM pg_roles r JOIN pg_authid a USING (oid) ORDER BY r.rolname""")}

    def catalogs(self):
        return {server: self.catalog(server) for server in self.record["servers"]}

    def backends(self, server):
        """application_name of every session of a run on that server."""
        return self.psql(server, "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'pgconvoy%' ORDER BY 1")

    def processes(self, *names):
        """(pid, name) of running programs of these names that were started with this laboratory's directory in their environment."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/comm", encoding="utf-8") as file:
                    name = file.read().strip()
                with open(f"/proc/{entry}/environ", "rb") as file:
                    ours = self.base.encode() in file.read()
            except OSError:
                continue
            if name in names and ours:
                found.append((int(entry), name))
        return found

    def as_owner(self, environment, sql):
        """In that application's database on the old server, as its owner."""
        each = self.database_of(environment)
        role = each["role"].replace('"', '""')
        return self.psql(each["server"], f'BEGIN READ WRITE; SET SESSION AUTHORIZATION "{role}"; {sql}; COMMIT', each["database"])

    def make_slow(self, environment, seconds):
        """The restore of that application's database lasts as long as this, in an index of its tenant's."""
        self.as_owner(environment, f"""
            CREATE FUNCTION public.slow(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
                'BEGIN IF current_setting(''server_version_num'')::int >= 150000 THEN PERFORM pg_sleep({seconds}); END IF; RETURN n; END';
            CREATE TABLE public.slow (n integer); CREATE INDEX ON public.slow (public.slow(n)); INSERT INTO public.slow VALUES (1)""")

    def leftovers(self, server):
        """Databases and roles that carry a name of ours."""
        return self.psql(server, """SELECT datname FROM pg_database WHERE datname LIKE 'pgconvoy%'
                                    UNION ALL SELECT rolname FROM pg_roles WHERE rolname LIKE 'pgconvoy%'""")

    def user_databases(self, server):
        return self.psql(server, "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1")

    def user_roles(self, server):
        return self.psql(server, r"SELECT rolname FROM pg_roles WHERE rolname NOT LIKE 'pg\_%' AND rolname <> 'postgres' ORDER BY 1")

    # applications

    def lab(self, command, *arguments):
        return subprocess.run([LAB, command, "--dir", self.directory, *arguments], capture_output=True, text=True, check=False,
                              timeout=SECONDS_AT_MOST)

    def health(self, application):
        """(is it healthy, major version of its database)."""
        status, body = fetch(self.record["applications"][application]["health_url"])
        try:
            return status == 200, json.loads(body)["server_version"] // 10000
        except (TypeError, ValueError, KeyError):
            return False, None

    def page_is_on(self, application):
        return fetch(self.record["applications"][application]["public_url"])[0] == 503

    def set_environment(self, application, **variables):
        """Variables of the application's env file; None removes one. It reads them at its next start."""
        path = self.path("apps", application, "env")
        owner = os.stat(path)
        with open(path, encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines() if line.split("=", 1)[0] not in variables]
        lines += [f"{key}={value}" for key, value in variables.items() if value is not None]
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        os.chown(path, owner.st_uid, owner.st_gid)

    def start_writer(self, application, rate=50):
        return Writer(self, application, rate)


class Started:
    """pgconvoy in the background. Leaving the block kills what still runs."""

    def __init__(self, laboratory, arguments, journal=None, environment=None, wrapper=()):
        self.process = subprocess.Popen([*wrapper, program(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        stdin=subprocess.DEVNULL, cwd=laboratory.base, env=laboratory.environment(journal, **(environment or {})))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def signal(self, number):
        self.process.send_signal(number)

    def finish(self, seconds=SECONDS_AT_MOST):
        """(exit code, all output)."""
        output, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, output


class Writer:
    """Writes through the application's page until stopped, and keeps what was acknowledged."""

    def __init__(self, laboratory, application, rate):
        self.laboratory, self.application = laboratory, application
        self.kept = os.path.join(laboratory.base, f"{application}.{time.monotonic_ns()}.acknowledged")
        self.moments = f"{self.kept}.moments"
        self.process = subprocess.Popen(
            ["/usr/bin/python3", WRITER, "--url", laboratory.record["applications"][application]["public_url"],
             "--acknowledged", self.kept, "--moments", self.moments, "--rate", str(rate)], stdout=subprocess.PIPE, text=True)
        laboratory.writers.append(self)

    def acknowledged(self):
        try:
            with open(self.kept, encoding="utf-8") as file:
                return file.read().count("\n")
        except FileNotFoundError:
            return 0

    def wait_for_more(self, count=5, seconds=20):
        before = self.acknowledged()
        wait_for(f"{count} more entries of {self.application}", lambda: self.acknowledged() >= before + count, seconds)

    def stop(self):
        """Its counts; safe to call again."""
        if self in self.laboratory.writers:
            self.laboratory.writers.remove(self)
            self.process.send_signal(signal.SIGTERM)
            self.counts = json.loads(self.process.communicate(timeout=30)[0])
        return self.counts


class ScenarioTest(unittest.TestCase):
    """One laboratory for all methods of a class."""
    laboratory_options = {}
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Laboratory(**cls.laboratory_options))

    def assert_exit(self, done, code):
        self.assertEqual(done.returncode, code, f"{' '.join(done.args[1:])}\n{done.stdout}{done.stderr}")
        return done

    def assert_ledger_complete(self, application, *writers):
        arguments = [text for writer in writers for text in ("--acknowledged", writer.kept)]
        verified = self.lab.lab("verify-ledger", "--app", application, *arguments)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        return verified.stdout

    def assert_healthy_on(self, application, major):
        self.assertEqual(self.lab.health(application), (True, major))
        self.assertFalse(self.lab.page_is_on(application), "the maintenance page is still on")

    def assert_journal_clean(self):
        self.assert_exit(self.lab.run("journal", "verify"), 0)

    def read_fleet(self):
        with open(self.lab.fleet, encoding="utf-8") as file:
            return yaml.safe_load(file)
