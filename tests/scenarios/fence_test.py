"""What a fence must withstand and leave as it was: the database's owner, its privileges, and subscriptions in it."""
import contextlib
import signal
import unittest

import psycopg2
from psycopg2 import extensions

from tests.lab.check_ledger import read_environment

from .support import ScenarioTest, wait_for

# What an owner may do to his database, with CREATEDB also rename it and give it away.
LIFTING = ("ALTER DATABASE {fenced} RENAME TO {name}", "ALTER DATABASE {fenced} ALLOW_CONNECTIONS true", "ALTER DATABASE {fenced} CONNECTION LIMIT -1",
           "ALTER DATABASE {fenced} OWNER TO CURRENT_USER", "ALTER DATABASE {fenced} IS_TEMPLATE true",
           "DROP DATABASE {fenced}", "CREATE DATABASE copied TEMPLATE {fenced}")


class FenceTest(ScenarioTest):
    # Each test has an application, hence a target, of its own.
    laboratory_options = {"regions": 1, "databases": 3, "apps": 3, "seed": 17}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.impatient = cls.lab.edited_runbook(redeploy="{health_timeout: 2s}")

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    # The owner

    def tenant(self, application, database="postgres"):
        """Logged in to the old server with the application's own role and password, whatever it is bound to."""
        url = extensions.parse_dsn(read_environment(self.lab.path("apps", application, "env"))["DATABASE_URL"])
        connection = psycopg2.connect(**{**url, "port": self.lab.record["servers"][self.old]["port"], "dbname": database, "connect_timeout": 5})
        connection.autocommit = True
        return connection

    def assert_tenant_cannot_lift(self, application, fenced):
        database = self.lab.database_of(application)["database"]
        with contextlib.closing(self.tenant(application)) as connection:
            names = {"fenced": extensions.quote_ident(fenced, connection), "name": extensions.quote_ident(database, connection)}
            for statement in LIFTING:
                with self.subTest(statement), connection.cursor() as cursor:
                    with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                        cursor.execute(statement.format(**names))
            with connection.cursor() as cursor:
                # Who holds anything on it is only warned.
                cursor.execute("GRANT CONNECT ON DATABASE {fenced} TO PUBLIC".format(**names))
                self.assertIn("no privileges were granted", connection.notices[-1])
        for name in (fenced, database):
            with self.subTest(login=name), self.assertRaisesRegex(psycopg2.OperationalError, "too many connections for database|"
                                                                  "not currently accepting connections|does not exist"):
                self.tenant(application, name).close()

    def test_owner_who_may_make_databases(self):
        application, lab = "shop-live", self.lab
        # A privilege of the administrator's own, one that somebody else granted, and a limit: all of it comes back.
        lab.psql(self.old, """ALTER ROLE shop_live CREATEDB; CREATE ROLE gate; CREATE ROLE guest; ALTER DATABASE shop_live CONNECTION LIMIT 42;
                              GRANT CREATE ON DATABASE shop_live TO postgres; GRANT CONNECT ON DATABASE shop_live TO gate WITH GRANT OPTION""")
        lab.psql(self.old, "SET ROLE gate; GRANT CONNECT ON DATABASE shop_live TO guest")
        before, fenced_before = lab.catalogs(), set(lab.leftovers(self.old))
        properties = "SELECT pg_get_userbyid(datdba), datacl, datconnlimit FROM pg_database WHERE datname = 'shop_live'"
        of_old = lab.psql(self.old, properties)
        self.assertIn("guest=c/gate", of_old[0])
        with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as run:
            wait_for("the fence", lambda: lab.journal.rows("SELECT 1 FROM steps WHERE status = 'succeeded' AND path LIKE '%fence_source@%'"), every=0)
            run.signal(signal.SIGSTOP)
            try:
                [fenced] = set(lab.leftovers(self.old)) - fenced_before
                self.assert_tenant_cannot_lift(application, fenced)
            finally:
                run.signal(signal.SIGCONT)
            code, output = run.finish()
        self.assertEqual(code, 0, output)
        self.assertEqual(lab.psql(self.new, properties), of_old)
        self.assert_tenant_cannot_lift(application, fenced)
        lab.psql(self.new, "CREATE TABLE written_since (n integer)", "shop_live")
        self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 1)
        # Refused, since it differs; nobody reaches the new database either while both are fenced.
        [fenced] = lab.leftovers(self.new)
        self.assertEqual(lab.psql(self.new, f"SELECT pg_get_userbyid(datdba), datconnlimit FROM pg_database WHERE datname = '{fenced}'"), ["postgres|0"])
        self.assert_exit(lab.run("retry", "r1", application), 0)
        self.assert_healthy_on(application, 15)
        self.assertEqual(lab.psql(self.new, properties.replace("datacl", "1")), [of_old[0].split("|")[0] + "|1|42"])
        self.assert_exit(lab.run("rollback", "r1", application, "--accept-data-loss", "--yes"), 0)
        self.assert_healthy_on(application, 13)
        self.assertEqual(lab.catalogs(), before)
        self.assert_journal_clean()

    # Subscriptions

    def subscribe(self, application):
        """A subscription as an abandoned replication leaves it: disabled, its slot still on the publisher. Returns the slot's name."""
        lab, database = self.lab, self.lab.database_of(application)["database"]
        lab.psql(self.old, "CREATE DATABASE publisher")
        lab.psql(self.old, "CREATE TABLE offers (id integer PRIMARY KEY); CREATE PUBLICATION offers FOR TABLE offers", "publisher")
        lab.psql(self.old, "SELECT pg_create_logical_replication_slot('offers_slot', 'pgoutput')", "publisher")
        with open(lab.path("secrets", "admin.password"), encoding="utf-8") as file:
            password = file.read().strip()
        lab.psql(self.old, "CREATE TABLE offers (id integer PRIMARY KEY)", database)
        lab.psql(self.old, f"""CREATE SUBSCRIPTION offers CONNECTION '{lab.url(self.old, "publisher")}?password={password}' PUBLICATION offers
                               WITH (connect = false, slot_name = 'offers_slot')""", database)
        return database

    def slots(self):
        return self.lab.psql(self.old, "SELECT slot_name FROM pg_replication_slots ORDER BY 1")

    def subscriptions(self, server):
        return self.lab.psql(server, "SELECT d.datname, s.subname, s.subenabled, s.subslotname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid")

    def test_database_with_a_subscription(self):
        application, lab = "billing-live", self.lab
        database = self.subscribe(application)
        lab.psql(self.old, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        before, subscribed = lab.catalogs(), [f"{database}|offers|f|offers_slot"]
        self.assertEqual(self.subscriptions(self.old), subscribed)
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15)
        self.assert_exit(lab.migrate("--limit", application, "--runbook", self.impatient, "--set", "retention=1s"), 1)
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back"})
        self.assertEqual(lab.catalogs(), before)
        self.assertEqual((self.subscriptions(self.old), self.subscriptions(self.new)), (subscribed, []))
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=None)

        self.assert_exit(lab.run("retry", "r1", application), 0)
        self.assertEqual(self.subscriptions(self.new), subscribed)
        fenced = lab.json("status", "r1")["targets"][0]["fenced"][0]["fenced_name"]
        wait_for("the retention to be over", lambda: "dropped" in self.assert_exit(lab.run("cleanup"), 0).stdout, every=0.2)
        self.assertEqual((self.subscriptions(self.old), self.subscriptions(self.new)), ([], subscribed))
        self.assertNotIn(fenced, lab.leftovers(self.old))
        self.assertEqual(self.slots(), ["offers_slot"], "it belongs to the publisher's administrator")
        self.assert_healthy_on(application, 15)
        self.assert_journal_clean()


if __name__ == "__main__":
    unittest.main()
