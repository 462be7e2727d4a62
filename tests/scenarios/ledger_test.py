"""All kinds of writers at once, while their database moves: what was acknowledged is there, once, and only one database ever accepted."""
import contextlib
import os
import threading
import time
import unittest
from collections import Counter
from types import SimpleNamespace

import psycopg2
from psycopg2 import extensions

from tests.lab import pgbouncer
from tests.lab.account import Account
from tests.lab.ports import Ports
from tests.lab.record import Record

from .ledgers import Entry, Ledgers, Totals, verdict_on
from .support import ScenarioTest, wait_for

BLOCKED = 4
TOTALS = Totals()
FORGOTTEN = "forgotten-pooler"


def tearDownModule():
    TOTALS.show()


def with_place(url, **changed):
    """The URL with another host, port, database or user."""
    return " ".join(f"{key}='{value}'" for key, value in {**extensions.parse_dsn(url), **changed}.items())


class Owner(threading.Thread):
    """The tenant, who may make databases, and does to his database what its owner may do, whatever it is called, without end;
    he also logs in under the name that it has, and writes."""
    LIFTS = ("ALTER DATABASE {now} ALLOW_CONNECTIONS true", "ALTER DATABASE {now} RENAME TO {name}", "ALTER DATABASE {now} CONNECTION LIMIT -1",
             "GRANT CONNECT ON DATABASE {now} TO PUBLIC")

    def __init__(self, url, oid):
        super().__init__(daemon=True)
        self.url, self.oid, self.name = url, oid, extensions.parse_dsn(url)["dbname"]
        self.lifted, self.refused, self.written, self.stopping = [], [], [], threading.Event()
        self.connection = psycopg2.connect(with_place(url, dbname="postgres"), application_name="owner")
        self.connection.autocommit = True
        self.start()

    def run(self):
        while not self.stopping.is_set():
            with self.connection.cursor() as cursor:
                cursor.execute("SELECT datname FROM pg_database WHERE oid = %s", (self.oid,))
                [(now,)] = cursor.fetchall()
                for lift in self.LIFTS:
                    if now == self.name and "RENAME" in lift:
                        continue
                    begun = time.time()
                    try:
                        cursor.execute(lift.format(now=extensions.quote_ident(now, cursor), name=extensions.quote_ident(self.name, cursor)))
                        in_vain = any("no privileges were granted" in notice for notice in self.connection.notices)  # a warning is all he gets
                        (self.refused if in_vain else self.lifted).append((begun, lift, now))
                        del self.connection.notices[:]
                    except psycopg2.Error as error:
                        self.refused.append((begun, lift, str(error).strip()))
            self.write(now)
            self.stopping.wait(0.03)
        self.connection.close()

    def write(self, now):
        entry, sent = f"owner-{time.monotonic_ns()}", time.monotonic()
        try:
            with contextlib.closing(psycopg2.connect(with_place(self.url, dbname=now), connect_timeout=5, application_name="owner")) as connection:
                with connection, connection.cursor() as cursor:
                    cursor.execute("INSERT INTO ledger (entry) VALUES (%s)", (entry,))
            self.written.append(Entry(entry, sent, time.monotonic(), 13))
        except psycopg2.Error:
            pass

    def stop(self):
        self.stopping.set()
        self.join(30)


class VerdictTest(unittest.TestCase):
    """What the proof rests on sees what is wrong."""

    def verdict(self, *entries, rows=None, came_back=False):
        promised = {entry.entry for entry in entries}
        return verdict_on(promised, Counter(promised if rows is None else rows), entries, 13, 15, came_back)

    def test_one_after_the_other(self):
        before, after, back = Entry("a", 1, 2, 13), Entry("b", 3, 4, 15), Entry("c", 5, 6, 13)
        self.assertTrue(self.verdict(before, after).right())
        self.assertTrue(self.verdict(before, after, back, came_back=True).right())
        # Whether it was accepted before or after, nobody knows: a long answer is no proof of anything.
        self.assertTrue(self.verdict(Entry("a", 1, 9, 13), after).right())

    def test_both_at_a_time(self):
        early, late = Entry("b", 3, 4, 15), Entry("d", 7, 8, 15)
        between = Entry("c", 5, 6, 13)
        self.assertEqual(self.verdict(Entry("a", 1, 2, 13), early, between).both_writable, [between])
        self.assertEqual(self.verdict(early, between, late, came_back=True).both_writable, [between])

    def test_lost_and_doubled(self):
        entries = Entry("a", 1, 2, 13), Entry("b", 3, 4, 15)
        self.assertEqual(self.verdict(*entries, rows=["b"]).lost, ["a"])
        self.assertEqual(self.verdict(*entries, rows=["a", "b", "b"]).doubled, ["b"])


class AllAtOnce(ScenarioTest):
    drain_timeout = "3s"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.impatient = cls.lab.edited_runbook(redeploy="{health_timeout: 3s}")

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def assert_ledgers_right(self, ledgers, came_back=False):
        verdict = ledgers.judge(TOTALS, came_back)
        self.assertTrue(verdict.right(), verdict)
        self.assertGreater(verdict.acknowledged, 50)
        self.assert_journal_clean()

    def as_superuser(self, database):
        return {"url": self.lab.url(self.old, database), "PGPASSFILE": self.lab.path("secrets", "admin.passfile")}

    def forget_a_pooler(self, application):
        """A pgbouncer before the old database that nobody told pgconvoy of. Returns what an application's URL through it has."""
        record = Record.load(self.lab.directory, Account())
        record.content["poolers"] = {FORGOTTEN: {"region": "eu-west", "port": Ports().take()}}
        pgbouncer.write_password(record)
        pgbouncer.configure(record, FORGOTTEN, [SimpleNamespace(server=self.old, environment=application, name=self.lab.database_of(application)["database"])])
        pgbouncer.start(record, FORGOTTEN)
        self.addCleanup(pgbouncer.stop, record, FORGOTTEN)
        with contextlib.closing(pgbouncer.console(record, FORGOTTEN)) as console:
            console.cursor().execute("SET query_wait_timeout = 2")  # clients wait so long for a server that refuses the pooler: 120 s by default
        return {"port": record.poolers[FORGOTTEN]["port"], "dbname": application}

    def moment(self, kind, operation):
        """When the journal says it was, in seconds of the clock on the wall."""
        [(at,)] = self.lab.journal.rows("SELECT unixepoch(substr(at, 1, 19)) + 1 FROM events WHERE kind = ? AND step LIKE ?", kind, f"%/{operation}@%")
        return at

    def all_at_once(self):
        application, lab = "shop-live", self.lab
        database = lab.database_of(application)["database"]
        lab.psql(self.old, "ALTER ROLE shop_live CREATEDB")
        ledgers = Ledgers(lab, application)
        page = ledgers.start_page()
        page.wait_for_more()
        commit = os.path.join(lab.base, "commit")
        refused = {
            "worker": ledgers.start("worker"),
            "reconnecting": ledgers.start("reconnecting", "--reconnect", "--connections", "3", "--rate", "20"),
            "through a pooler": ledgers.start("storm", "--reconnect", "--connections", "4", "--rate", "30",
                                              url=with_place(ledgers.url, **self.forget_a_pooler(application))),
            "committing": ledgers.start("committing", "--transaction", commit),
            "idling": ledgers.start("idling", "--transaction", os.path.join(lab.base, "never")),
            "superuser": ledgers.start("superuser", **self.as_superuser(database)),
            # Logged in, and not yet seen by pg_stat_activity for these seconds.
            "starting": ledgers.start("starting", "--reconnect", "--connections", "4", "--rate", "1", PGOPTIONS="-c post_auth_delay=2",
                                      **self.as_superuser(database)),
        }
        # Somebody who was told of the move too early.
        eager = ledgers.start("eager", "--rate", "20", url=with_place(ledgers.url, port=lab.record["servers"][self.new]["port"]))
        for name, writer in refused.items():
            if name not in ("committing", "idling"):
                writer.wait_for_more(2)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'shop-live.%' AND state = 'idle in transaction'"
        wait_for("the two open transactions", lambda: lab.psql(self.old, waiting) == ["2"])
        owner = Owner(ledgers.url, lab.psql(self.old, f"SELECT oid FROM pg_database WHERE datname = '{database}'")[0])
        try:
            with lab.start("run", *lab.fleet_arguments("--limit", application), "--set", f"drain_timeout={self.drain_timeout}", "--yes") as run:
                wait_for("the fence to be begun", lambda: lab.journal.is_started("fence_source"), every=0)
                lab.file("commit", "")
                code, output = run.finish()
            self.assertEqual(code, 0, output)
            page.wait_for_more()
            eager.wait_for_more()
            for name, writer in refused.items():
                with self.subTest(writer=name):
                    writer.wait_for_refusal("query_wait_timeout|server login has been failing|server closed" if name == "through a pooler" else "does not exist")
            before = len(owner.refused)
            wait_for("the owner to have tried it all again", lambda: len(owner.refused) > before + 8)
        finally:
            owner.stop()
        fenced = self.moment("step_succeeded", "fence_source")
        self.assertEqual([lifted for lifted in owner.lifted if lifted[0] > fenced], [])
        self.assertTrue([lifted for lifted in owner.lifted if lifted[0] < fenced], "he never could")
        # The one that committed in time was heard, the one that didn't was told.
        if self.drain_timeout != "0":
            self.assertEqual([entry.entry for entry in refused["committing"].acknowledged()][:1], ["shop-live.committing-1"])
        [told] = [line for line in refused["idling"].failures() if line["entry"] == "shop-live.idling-1"]
        self.assertRegex(told["error"], "terminating connection|server closed the connection")
        for text in (lab.run("status").stdout, lab.json("status", "r1")["targets"][0]["fenced"][0]["fenced_name"]):
            self.assertIn(lab.leftovers(self.old)[0], text)
        self.assertIn(f"clients of the old URL get 'database \"{database}\" does not exist'", lab.run("status").stdout)
        self.assert_healthy_on(application, 15)
        ledgers.others += owner.written
        self.assert_ledgers_right(ledgers)


class LedgerTest(AllAtOnce):
    # Each test has an application, hence a target, of its own.
    laboratory_options = {"regions": 1, "databases": 4, "apps": 4, "seed": 29}

    def test_all_of_them_at_once(self):
        self.all_at_once()

    def test_application_that_never_gets_well_and_wrote_nothing(self):
        application, lab = "billing-live", self.lab
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15)
        ledgers = Ledgers(lab, application)
        page, worker = ledgers.start_page(), ledgers.start("worker")
        page.wait_for_more()
        worker.wait_for_more()
        self.assert_exit(lab.migrate("--limit", application, "--runbook", self.impatient), 1)
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back"})
        worker.wait_for_more()
        page.wait_for_more()
        self.assertTrue(worker.failures())
        self.assert_healthy_on(application, 13)
        self.assert_ledgers_right(ledgers, came_back=True)

    def test_application_that_writes_at_its_start_and_never_gets_well(self):
        application, lab = "forum-live", self.lab
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15, WRITE_AT_START=1)
        ledgers = Ledgers(lab, application)
        page, worker = ledgers.start_page(), ledgers.start("worker")
        page.wait_for_more()
        worker.wait_for_more()
        self.assert_exit(lab.migrate("--limit", application, "--runbook", self.impatient), 1)
        # What it wrote is nowhere else: neither way is taken by itself, and nobody can write anywhere meanwhile.
        self.assertEqual(lab.journal.target_states(), {application: "stuck"})
        before = len(ledgers.entries())
        worker.wait_for_refusal("does not exist")
        self.assertTrue(lab.page_is_on(application))
        self.assertEqual(len(ledgers.entries()), before)
        self.assertIn("does not exist", lab.run("status").stdout)
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=None)
        self.assert_exit(lab.run("retry", "r1", application), 0)
        page.wait_for_more()
        self.assert_healthy_on(application, 15)
        self.assert_ledgers_right(ledgers)

    def test_subscription_that_applies(self):
        """Its publisher is no client of ours: what is published after the fence waits in the slot, for the database that is enabled."""
        application, lab = "archive-test", self.lab
        database = lab.database_of(application)["database"]
        lab.psql(self.old, "CREATE DATABASE publisher")
        lab.psql(self.old, """CREATE TABLE ledger (id bigint PRIMARY KEY, entry text UNIQUE NOT NULL, written_at timestamptz DEFAULT now());
                              CREATE PUBLICATION entries FOR TABLE ledger""", "publisher")
        lab.psql(self.old, "SELECT pg_create_logical_replication_slot('entries', 'pgoutput')", "publisher")
        with open(lab.path("secrets", "admin.password"), encoding="utf-8") as file:
            password = file.read().strip()
        lab.psql(self.old, f"""CREATE SUBSCRIPTION entries CONNECTION 'host=127.0.0.1 port={lab.record["servers"][self.old]["port"]} user=postgres
                               password={password} dbname=publisher' PUBLICATION entries WITH (create_slot = false, copy_data = false)""", database)
        self.addCleanup(lab.psql, self.old, "DROP SUBSCRIPTION entries", database)

        def publish(first, last):
            lab.psql(self.old, f"INSERT INTO ledger SELECT n, 'published-' || n FROM generate_series({first}, {last}) n", "publisher")

        def arrived():
            return lab.psql(self.old, "SELECT count(*) FROM ledger WHERE entry LIKE 'published-%'", database)
        publish(1_000_001, 1_000_100)
        wait_for("what was published", lambda: arrived() == ["100"])
        done = self.assert_exit(lab.run("check", *lab.fleet_arguments("--limit", application)), BLOCKED)
        self.assertIn("enabled subscriptions: entries", done.stdout)
        # Whoever goes on all the same loses nothing by an undo.
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15)
        ledgers = Ledgers(lab, application)
        page = ledgers.start_page()
        page.wait_for_more()
        before = lab.catalogs()
        with lab.start("run", *lab.fleet_arguments("--limit", application, "--runbook", self.impatient), "--override", "source_database_ready=it waits",
                       "--yes") as run:
            wait_for("the fence", lambda: lab.journal.rows("SELECT 1 FROM steps WHERE status = 'succeeded' AND path LIKE '%/fence_source@%'"), every=0)
            publish(1_000_101, 1_000_200)
            code, output = run.finish()
        self.assertEqual(code, 1, output)
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back"}, output)
        wait_for("what waited in the slot", lambda: arrived() == ["200"])
        self.assertEqual(lab.catalogs(), before)
        page.wait_for_more()
        self.assert_healthy_on(application, 13)
        self.assert_ledgers_right(ledgers, came_back=True)


if os.environ.get("PGCONVOY_TEST_FULL") == "1":
    class WithoutPatienceTest(AllAtOnce):
        laboratory_options = {"regions": 1, "databases": 1, "apps": 1, "seed": 30}
        drain_timeout = "0"

        def test_all_of_them_at_once(self):
            self.all_at_once()

    class WithPatienceTest(AllAtOnce):
        laboratory_options = {"regions": 1, "databases": 1, "apps": 1, "seed": 31}
        drain_timeout = "12s"

        def test_all_of_them_at_once(self):
            self.all_at_once()


if __name__ == "__main__":
    unittest.main()
