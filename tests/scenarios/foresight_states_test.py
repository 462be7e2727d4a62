"""What check finds in states of applications, servers and administrators that no database shows: one laboratory, brought from state to state.
In each, what was found is confronted with what happens to who ignores it, where that is seen quickly."""
import contextlib
import os
import subprocess
import unittest

import psycopg2
import yaml

from tests.lab import managed, secrets_store
from tests.lab.account import Account
from tests.lab.record import Record

from .foresight_cases import shows
from .foresight_test import Seed, Seeds
from .support import Laboratory, RUNBOOK, wait_for

HEALTHY, ROOM, READS, FITS, WAL = ("application_healthy_now", "connections_fit", "dumper_can_read_everything", "server_configuration_fits", "wal_fits")
OLD, NEW = "eu-west-pg13", "eu-west-pg15"
WELL, PAGE_ON, STOPPED, SICK, SLOW, OFF = "shop-live", "billing-live", "forum-live", "archive-test", "payroll-live", "crm-live"
FAR = ("CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far; {} "
       "CREATE USER MAPPING FOR {} SERVER far OPTIONS (user 'far_user', password 'far_secret');")
SEEDS = {name: Seed("", name, number, parts=parts) for number, (name, parts) in enumerate([
    ("plain", [("owner", "CREATE TABLE t (n integer)")]),
    ("set", [("superuser", 'ALTER DATABASE :"database" SET timezone = \'UTC\'; ALTER DATABASE :"database" SET work_mem = \'4MB\'')]),
    ("revoked", [("owner", 'CREATE TABLE t (n integer); REVOKE ALL ON t FROM :"owner"')]),
    ("superusers", [("superuser", "CREATE TABLE t (n integer)")]),
    ("forced", [("owner", "CREATE TABLE t (n integer); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY")]),
    ("mapped", [("superuser", FAR.format("", ':"owner"'))]),
    ("owned", [("owner", "CREATE SCHEMA own; CREATE TABLE own.t (n serial); SELECT lo_create(0); ALTER TABLE own.t ENABLE ROW LEVEL SECURITY"),
               ("superuser", FAR.format('ALTER SERVER far OWNER TO :"owner";', "PUBLIC"))]),
], 1)}


def setUpModule():
    global LAB, MADE, FLEET
    LAB = unittest.enterModuleContext(Laboratory(databases=6, apps=6, seed=55))
    MADE = Seeds(LAB, list(SEEDS.values()))
    MADE.make_all()
    with open(MADE.fleet(), encoding="utf-8") as file:
        seeds = yaml.safe_load(file)["instances"]
    with open(LAB.fleet, encoding="utf-8") as file:
        fleet = yaml.safe_load(file)
    fleet["instances"] |= seeds
    fleet["environments"][OFF]["controller"] = {"kind": "none"}
    FLEET = write_fleet("states.yaml", fleet)


def write_fleet(name, fleet):
    path = LAB.path(name)
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump(fleet, file)
    return path


def target_of(name):
    return SEEDS[name].database if name in SEEDS else name


def check(*names, fleet=None):
    """name -> findings."""
    limits = [text for name in names for text in ("--limit", target_of(name))]
    answer = LAB.json("check", "-f", fleet or FLEET, "--runbook", RUNBOOK, *limits)
    found = {target["id"]: target["findings"] for target in answer["targets"]}
    return {name: found[target_of(name)] for name in names}


def restart(*servers):
    for server in servers:
        for action in ("stop", "start"):
            done = LAB.lab("server", action, server)
            if done.returncode != 0:
                raise AssertionError(done.stderr)


def configure(server, **settings):
    """What needs a restart waits for one."""
    before = LAB.psql(server, "SELECT pg_conf_load_time()")
    for name, value in settings.items():
        LAB.psql(server, f"ALTER SYSTEM SET {name} = '{value}'")
    LAB.psql(server, "SELECT pg_reload_conf()")
    wait_for(f"a reload of {server}", lambda: LAB.psql(server, "SELECT pg_conf_load_time()") != before)


class ApplicationsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        LAB.lab("page", "on", PAGE_ON)
        # An error of its own, on whatever server: a view that can't be evaluated stands where its table was.
        LAB.as_owner(SICK, "ALTER TABLE ledger RENAME TO ledger_before; CREATE VIEW ledger AS SELECT 1 AS id, 'x'::text AS entry WHERE 1 / (random() * 0)::int = 1")
        LAB.set_environment(SLOW, HEALTH_DELAY="1")
        for application in (STOPPED, OFF, SLOW):
            LAB.lab("app", "stop", application)
        LAB.lab("app", "start", SLOW)
        cls.found = check(WELL, PAGE_ON, STOPPED, SICK, SLOW, OFF, *SEEDS)

    @shows(HEALTHY, "hit", ("block", PAGE_ON, "its maintenance page is on already"))
    def test_a_page_that_is_on(self):
        return self.found[PAGE_ON]

    @shows(HEALTHY, "hit", ("block", STOPPED, "it is not running"))
    def test_an_application_that_does_not_run(self):
        return self.found[STOPPED]

    @shows(HEALTHY, "hit", ("block", SICK, "it runs and is not healthy"))
    def test_an_application_that_runs_and_is_not_healthy(self):
        return self.found[SICK]

    @shows(HEALTHY, "near_miss")
    def test_an_application_that_is_healthy_and_slow(self):
        return self.found[SLOW]

    @shows(HEALTHY, "near_miss")
    def test_an_application_that_is_down_and_that_nobody_controls(self):
        self.assertEqual((False, None), LAB.health(OFF))
        return self.found[OFF]

    @shows(HEALTHY, "absent")
    def test_an_application_that_is_well(self):
        return self.found[WELL]

    if os.environ.get("PGCONVOY_TEST_FULL") == "1":
        def test_z_a_run_without_checks_takes_down_a_page_that_is_not_its_own(self):
            self.assertTrue(LAB.page_is_on(PAGE_ON))
            LAB.use_journal("applications")
            done = LAB.run("run", "-f", FLEET, "--runbook", RUNBOOK, "--limit", PAGE_ON, "--yes", "--no-check", "to see what happens")
            self.assertEqual({PAGE_ON: "succeeded"}, LAB.journal.target_states(), done.stdout + done.stderr)
            self.assertFalse(LAB.page_is_on(PAGE_ON))

    @shows(ROOM, "absent")
    def test_servers_with_room(self):
        return self.found["plain"]

    @shows(FITS, "absent")
    def test_servers_with_the_same_configuration(self):
        return self.found["plain"]

    @shows(WAL, "absent")
    def test_a_server_that_nobody_receives_from(self):
        return self.found["plain"]

    @shows(READS, "near_miss")
    def test_a_superuser_reads_all(self):
        return [finding for name in ("revoked", "superusers", "forced", "mapped") for finding in self.found[name]]


class AdministratorTest(unittest.TestCase):
    """The old server's administrator is no superuser, and a member of the databases' owners."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.password = secrets_store.new_password()
        record = Record.load(LAB.directory, Account())
        managed.make_administrator(record, OLD, cls.password)
        managed.join_owners(record, OLD)
        LAB.psql(OLD, f"ALTER ROLE {managed.ADMINISTRATOR} CONNECTION LIMIT 7")
        LAB.psql(OLD, f"ALTER DATABASE {target_of('plain')} CONNECTION LIMIT 1")
        with open(FLEET, encoding="utf-8") as file:
            fleet = yaml.safe_load(file)
        cls.passfile = LAB.file("fleet_admin.passfile", secrets_store.passfile_line("*", "*", "*", managed.ADMINISTRATOR, cls.password))
        os.chmod(cls.passfile, 0o600)
        fleet["servers"][OLD] |= {"url": LAB.url(OLD, user=managed.ADMINISTRATOR), "password": {"passfile": cls.passfile}}
        managed_fleet = write_fleet("managed.yaml", fleet)
        cls.as_superuser = check("plain")
        cls.found = check(*SEEDS, fleet=managed_fleet)
        cls.dumps = {name: cls.dump(name) for name in SEEDS}
        LAB.psql(OLD, f"ALTER ROLE {managed.ADMINISTRATOR} BYPASSRLS CONNECTION LIMIT 8")
        LAB.psql(OLD, f"ALTER DATABASE {target_of('plain')} CONNECTION LIMIT 2")
        cls.trusted = check("plain", "forced", fleet=managed_fleet)
        cls.dumps["forced, bypassing"] = cls.dump("forced")

    @classmethod
    def dump(cls, name, user=managed.ADMINISTRATOR):
        """(exit code, what it wrote, what it complained of)."""
        environment = LAB.environment(**({"PGPASSFILE": cls.passfile} if user != "postgres" else {}))
        done = subprocess.run(["pg_dump", "-h", "127.0.0.1", "-p", str(MADE.port(OLD)), "-U", user, target_of(name)],
                              capture_output=True, text=True, check=False, env=environment)
        return done.returncode, done.stdout, done.stderr

    @shows(READS, "hit", ("block", SEEDS["revoked"].database, "table public.t"))
    def test_a_table_that_its_owner_may_not_read(self):
        self.assertIn("permission denied for table t", self.dumps["revoked"][2])
        return self.found["revoked"]

    @shows(READS, "hit", ("block", SEEDS["superusers"].database, "table public.t (owner postgres)"))
    def test_a_table_of_a_superuser(self):
        self.assertIn("permission denied for table t", self.dumps["superusers"][2])
        return self.found["superusers"]

    @shows(READS, "hit", ("block", SEEDS["forced"].database, "rows are hidden"))
    def test_row_security_that_is_forced(self):
        self.assertIn("query would be affected by row-level security policy", self.dumps["forced"][2])
        return self.found["forced"]

    @shows(READS, "hit", ("block", SEEDS["mapped"].database, "server far for"))
    def test_options_of_a_user_mapping_are_left_out_without_a_word(self):
        code, text, complaint = self.dumps["mapped"]
        self.assertEqual((0, ""), (code, complaint))
        self.assertIn("CREATE USER MAPPING", text)
        self.assertNotIn("far_user", text)
        self.assertIn("far_user", self.dump("mapped", "postgres")[1])
        return self.found["mapped"]

    @shows(READS, "near_miss")
    def test_a_member_of_the_owner_reads_what_is_its_own(self):
        code, text, _ = self.dumps["owned"]
        self.assertEqual(0, code)
        self.assertIn("far_user", text)
        return self.found["owned"]

    @shows(READS, "near_miss")
    def test_row_security_that_is_forced_and_bypassed(self):
        self.assertEqual((0, ""), self.dumps["forced, bypassing"][::2])
        return self.trusted["forced"]

    @shows(READS, "absent")
    def test_a_database_of_one_table(self):
        return self.found["plain"]

    @shows(ROOM, "hit", ("warn", OLD, 'role "fleet_admin" may have 7 connections and has 0'))
    def test_an_administrator_of_seven_connections(self):
        return self.found["set"]

    @shows(ROOM, "hit", ("warn", OLD, 'role "fleet_admin"'), ("block", SEEDS["plain"].database, "its CONNECTION LIMIT is 1"))
    def test_a_database_of_one_connection(self):
        return self.found["plain"]

    @shows(ROOM, "near_miss")
    def test_a_database_of_one_connection_and_a_superuser(self):
        return self.as_superuser["plain"]

    @shows(ROOM, "near_miss")
    def test_an_administrator_and_a_database_of_just_enough(self):
        return self.trusted["plain"]


class SettingsTest(unittest.TestCase):
    """What a reload of the new server changes."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(configure, NEW, timezone="UTC", datestyle="iso, mdy", work_mem="4MB", maintenance_work_mem="64MB", max_slot_wal_keep_size="-1")
        cls.addClassCleanup(LAB.psql, NEW, "SELECT pg_drop_replication_slot('left')")
        LAB.psql(NEW, "SELECT pg_create_physical_replication_slot('left', true)")
        configure(NEW, timezone="Europe/Berlin", datestyle="ISO, MDY", work_mem="1MB", maintenance_work_mem="40MB", max_slot_wal_keep_size="1GB")
        cls.found = check("plain", "set")
        configure(NEW, max_slot_wal_keep_size="-1")
        cls.unlimited = check("plain")

    @shows(FITS, "hit", ("warn", NEW, "TimeZone UTC here, Europe/Berlin there"), ("warn", NEW, f"work_mem 1MB there, 4MB on {OLD}"))
    def test_settings_that_change_results_and_a_quarter_of_the_memory(self):
        noon = "SELECT '2026-07-01 12:00'::timestamptz AT TIME ZONE 'UTC'"
        self.assertNotEqual(LAB.psql(OLD, noon), LAB.psql(NEW, noon))
        return self.found["plain"]

    @shows(FITS, "near_miss")
    def test_a_database_that_sets_them_for_itself(self):
        return self.found["set"]

    @shows(FITS, "near_miss")
    def test_a_value_that_is_spelled_otherwise(self):
        spelled = "SELECT setting FROM pg_file_settings WHERE name = 'datestyle' AND applied"
        self.assertEqual((["iso, mdy"], ["ISO, MDY"]), tuple(LAB.psql(server, spelled) for server in (OLD, NEW)))
        return self.found["set"]

    @shows(FITS, "near_miss")
    def test_memory_that_is_a_bit_smaller(self):
        self.assertEqual((["64MB"], ["40MB"]), tuple(LAB.psql(server, "SHOW maintenance_work_mem") for server in (OLD, NEW)))
        return self.found["set"]

    @shows(WAL, "near_miss")
    def test_a_slot_within_its_limit(self):
        return self.found["plain"]

    @shows(WAL, "near_miss", ("info", NEW, '"left" (physical', "there is room for this one"))
    def test_a_slot_without_limit_and_room(self):
        return self.unlimited["plain"]


class SmallServersTest(unittest.TestCase):
    """What a restart changes, and sessions that take what there is."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        configure(OLD, max_connections=20)
        configure(NEW, max_connections=20, max_prepared_transactions=0, wal_level="replica", shared_buffers="32MB", max_slot_wal_keep_size="4MB")
        restart(OLD, NEW)
        cls.empty = check("plain")
        cls.sleepers = cls.enterClassContext(contextlib.ExitStack())
        LAB.psql(NEW, "SELECT pg_create_physical_replication_slot('left', true)")
        cls.take_all_but({OLD: 8, NEW: 8})
        cls.enough = check("plain")
        cls.lost = cls.write_wal()
        LAB.psql(NEW, "SELECT pg_drop_replication_slot('left')")
        configure(NEW, synchronous_standby_names="nobody")
        cls.take_all_but({OLD: 3, NEW: 5})
        cls.scarce = check("plain")
        cls.waiting = cls.commit()
        configure(NEW, synchronous_standby_names="")
        cls.let_in = {server: cls.fill(server) for server in (NEW, OLD)}
        cls.last.close()
        LAB.use_journal("full")
        cls.regardless = LAB.run("run", "-f", FLEET, "--runbook", RUNBOOK, "--limit", target_of("plain"), "--yes", "--no-check", "to see what happens")
        cls.sleepers.close()

    @classmethod
    def take_all_but(cls, wanted):
        """Sessions that sleep, until a server lets in as many more as wanted."""
        def reached(server, free):
            for _ in range(cls.room(server) - free):
                cls.sleep(server)
            return cls.room(server) == free
        for server, free in wanted.items():
            wait_for(f"room for {free} on {server}", lambda server=server, free=free: reached(server, free))

    @classmethod
    def sleep(cls, server):
        session = psycopg2.connect(LAB.url(server), passfile=LAB.path("secrets", "admin.passfile"), application_name="sleeper")
        cls.sleepers.callback(session.close)
        cls.last = session

    @classmethod
    def fill(cls, server):
        """How many more are let in, until one is refused."""
        for number in range(20):
            try:
                cls.sleep(server)
            except psycopg2.OperationalError as refused:
                return number, str(refused)
        raise AssertionError(f"{server} lets in everybody")

    @classmethod
    def room(cls, server):
        """The session that asks not counted."""
        (free,) = LAB.psql(server, "SELECT current_setting('max_connections')::int - count(*) FROM pg_stat_activity "
                                   "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
        return int(free)

    @classmethod
    def write_wal(cls):
        """What becomes of the slot when more is written than it may hold back."""
        LAB.psql(NEW, "SELECT pg_logical_emit_message(true, 'test', repeat('x', 8000000))")
        LAB.psql(NEW, "SELECT pg_switch_wal()")
        LAB.psql(NEW, "CHECKPOINT")
        return LAB.psql(NEW, "SELECT wal_status FROM pg_replication_slots")

    @classmethod
    def commit(cls):
        """What a commit waits for."""
        session = LAB.start_session(NEW, "CREATE TABLE public.never (n integer)")
        try:
            return wait_for("a commit that waits", lambda: LAB.psql(NEW, "SELECT wait_event FROM pg_stat_activity WHERE query LIKE 'CREATE TABLE public.never%' AND wait_event = 'SyncRep'"))
        finally:
            session.kill()
            session.wait()
            LAB.psql(NEW, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE TABLE public.never%'")

    @shows(ROOM, "near_miss")
    def test_room_for_exactly_two_moves(self):
        return self.enough["plain"]

    @shows(ROOM, "hit", ("block", OLD, "max_connections is 20, and 17 are taken: 3 more are let in"), ("warn", NEW, "15 are taken: 5 more are let in"))
    def test_no_room_for_one_move_here_and_for_one_there(self):
        for server, number in ((OLD, 3), (NEW, 5)):
            self.assertEqual(number, self.let_in[server][0])
            self.assertIn("too many clients", self.let_in[server][1])
        return self.scarce["plain"]

    def test_a_run_without_checks_says_what_is_full_and_touches_nothing(self):
        """One more is let in: the database itself can't be looked at."""
        said = self.regardless.stdout + self.regardless.stderr
        self.assertNotEqual(self.regardless.returncode, 0, said)
        self.assertIn("too many clients", said)
        self.assertNotIn("its oid changed", said)

    @shows(FITS, "hit", ("warn", NEW, f"max_prepared_transactions is 0 there, 10 on {OLD}"), ("warn", NEW, f"wal_level is replica there, logical on {OLD}"),
           ("warn", NEW, "shared_buffers 32MB there, 128MB"))
    def test_a_server_that_can_less(self):
        with self.assertRaisesRegex(AssertionError, "prepared transactions are disabled"):
            LAB.psql(NEW, "BEGIN; PREPARE TRANSACTION 'a'")
        with self.assertRaisesRegex(AssertionError, "logical decoding requires wal_level"):
            LAB.psql(NEW, "SELECT pg_create_logical_replication_slot('a', 'test_decoding')")
        return self.empty["plain"]

    @shows(WAL, "hit", ("warn", NEW, "max_slot_wal_keep_size is 4 MB", '"left" (physical', "these slots would be lost"))
    def test_a_slot_that_nobody_receives_from_and_a_limit_that_a_restore_reaches(self):
        self.assertEqual(["lost"], self.lost)
        return self.enough["plain"]

    @shows(WAL, "hit", ("block", NEW, "synchronous_standby_names is nobody, and no standby is connected"))
    def test_a_standby_that_is_waited_for_and_is_not_there(self):
        self.assertEqual(["SyncRep"], self.waiting)
        return self.scarce["plain"]


if __name__ == "__main__":
    unittest.main()
