"""Servers as a managed service gives them: the administrator is no superuser, and nobody gets in without TLS."""
import contextlib
import signal
import subprocess
import unittest

import psycopg2

from tests.lab.check_ledger import read_environment

from .support import SECONDS_AT_MOST, ScenarioTest, wait_for

BLOCKED = 4
ADMINISTRATOR = "fleet_admin"
# Of shapes whose inside an ordinary administrator can make anew; the others hold what only a superuser restores.
MOVABLE = ("shop-live", "forum-live", "archive-test", "crm-live")


class ManagedTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 8, "apps": 2, "seed": 31, "profile": "managed"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        # Nobody can read the verifiers of people's roles, and no binding holds their passwords: they are made beforehand.
        for role in ("forum_live_reader", "crm_live_reader"):
            cls.lab.psql(cls.new, f"CREATE ROLE {role} LOGIN PASSWORD 'chosen by its owner'")

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def findings(self, *arguments):
        """(exit code, what check says)."""
        done = self.lab.run("check", *self.lab.fleet_arguments(*arguments))
        return done.returncode, done.stdout + done.stderr

    @contextlib.contextmanager
    def superuser_in(self, database):
        session = subprocess.Popen(["psql", "-X", "-q", "-h", self.lab.record["socket_directory"], "-p",
                                    str(self.lab.record["servers"][self.old]["port"]), "-U", "postgres"],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**self.lab.environment(), "PGDATABASE": database})
        try:
            wait_for("the superuser's session", lambda: self.lab.psql(
                self.old, f"SELECT 1 FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'psql'"))
            yield
        finally:
            session.stdin.close()
            session.wait(timeout=SECONDS_AT_MOST)

    def memberships(self, server):
        return self.lab.psql(server, f"""SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
                                         WHERE m.member = '{ADMINISTRATOR}'::regrole ORDER BY 1""")

    def test_1_what_it_cannot_do_is_found_beforehand(self):
        before = self.lab.catalogs()
        code, text = self.findings("--limit", "payroll-live")
        self.assertEqual(code, BLOCKED, text)
        self.assertIn("table reports.owned_by_superuser (owner postgres)", text)
        self.assertIn('GRANT SELECT ON TABLE reports.owned_by_superuser TO "fleet_admin"', text)
        self.assertIn("row security of table ledgers.postings", text)
        self.assertIn('ALTER ROLE "fleet_admin" BYPASSRLS', text)
        code, text = self.findings("--limit", "cms-live")
        self.assertEqual(code, BLOCKED, text)
        self.assertRegex(text, "administrator_may_restore(.|\n)*only a superuser restores event trigger note_ddl")
        code, text = self.findings("--limit", "crm-live")
        self.assertEqual(code, BLOCKED, text)
        self.assertIn("only a superuser restores setting custom.greeting of the database", text)
        with self.superuser_in("archive_test"):
            code, text = self.findings("--limit", "archive-test")
        self.assertEqual(code, BLOCKED, text)
        self.assertIn("superusers are connected on eu-west-pg13: postgres (psql)", text)
        self.assertEqual(self.findings("--limit", "archive-test")[0], 0)
        self.assertEqual(self.lab.catalogs(), before)

    def test_2_a_wrong_authority_is_refused(self):
        with open(self.lab.fleet, encoding="utf-8") as file:
            text = file.read()
        # Paths in a fleet file are relative to it, so it stays in its folder.
        with open(self.lab.path("wrong.yaml"), "w", encoding="utf-8") as file:
            file.write(text.replace("authority.crt", "other.crt"))
        code, text = self.findings("-f", self.lab.path("wrong.yaml"), "--limit", "shop-live")
        self.assertEqual(code, BLOCKED, text)
        self.assertIn("certificate verify failed", text)
        self.assertIn("is not signed by the authority that sslrootcert names", text)
        with open(self.lab.path("wrong.yaml"), "w", encoding="utf-8") as file:
            file.write(text_without_tls(self.lab.fleet))
        code, text = self.findings("-f", self.lab.path("wrong.yaml"), "--limit", "shop-live")
        self.assertEqual(code, BLOCKED, text)
        self.assertIn("no pg_hba.conf entry", text)

    def test_3_rollback_after_success(self):
        lab, application = self.lab, "shop-live"
        # The role is there before, made by somebody who is not us: our administrator joins it, and leaves it again.
        [verifier] = lab.psql(self.old, "SELECT rolpassword FROM pg_authid WHERE rolname = 'shop_live'")
        lab.psql(self.new, f"CREATE ROLE shop_live LOGIN PASSWORD '{verifier}'")
        lab.psql(self.old, "ALTER ROLE shop_live CREATEDB")
        lab.psql(self.new, "ALTER ROLE shop_live CREATEDB")
        url_before = read_environment(lab.path("apps", application, "env"))["DATABASE_URL"]
        self.assertNotIn("shop_live", self.memberships(self.new))
        self.assertIn('is made a member of "shop_live"', self.findings("--limit", application)[1])
        before = lab.catalogs()
        writer = lab.start_writer(application)
        writer.wait_for_more()
        writer.stop()
        self.assert_exit(lab.migrate("--limit", application), 0)
        self.assert_healthy_on(application, 15)
        self.assertIn("shop_live", self.memberships(self.new))
        # Its owner may make databases, hence rename his own: while it is fenced it isn't his.
        [fenced] = lab.leftovers(self.old)
        with contextlib.closing(psycopg2.connect(url_before, dbname="postgres")) as tenant, tenant.cursor() as cursor:
            with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"ALTER DATABASE {fenced} RENAME TO shop_live")
        self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back"})
        self.assert_healthy_on(application, 13)
        self.assertEqual(lab.catalogs(), before)
        self.assert_ledger_complete(application, writer)
        self.assert_journal_clean()

    def test_4_kill_in_the_middle(self):
        lab, application = self.lab, "billing-live"
        writer = lab.start_writer(application)
        writer.wait_for_more()
        with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as run:
            wait_for("the restore", lambda: lab.journal.is_started("restore_backup_to_reprovisioned_services"), every=0)
            run.signal(signal.SIGKILL)
            run.finish()
        self.assert_exit(lab.run("resume", "r1"), 0)
        self.assertEqual(lab.journal.target_states(), {application: "succeeded"})
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        self.assertEqual(lab.leftovers(self.new), [])
        self.assert_journal_clean()

    def test_5_the_fleet_moves(self):
        lab = self.lab
        lab.psql(self.old, 'ALTER DATABASE "Crm Live" RESET custom.greeting')
        writer = lab.start_writer("shop-live")
        writer.wait_for_more()
        limits = [text for target in MOVABLE for text in ("--limit", target)]
        done = self.assert_exit(lab.migrate(*limits), 0)
        self.assertEqual(lab.journal.target_states(), dict.fromkeys(MOVABLE, "succeeded"))
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on("shop-live", 15)
        self.assert_ledger_complete("shop-live", writer)
        self.assertEqual(lab.leftovers(self.new), [])
        with open(lab.path("apps", "shop-live", "env"), encoding="utf-8") as file:
            self.assertIn(f"?sslmode=verify-full&sslrootcert={lab.path('tls', 'authority.crt')}", file.read())
        with open(lab.path("secrets", "fleet_admin.passfile"), encoding="utf-8") as file:
            self.assertNotIn(file.readline().strip().rsplit(":", 1)[1], done.stdout + done.stderr)
        # Each database is its tenant's, as it was; what is left over is the membership that was announced.
        owners = lab.psql(self.new, "SELECT DISTINCT pg_get_userbyid(datdba) FROM pg_database WHERE datdba <> 10")
        self.assertNotIn(ADMINISTRATOR, owners)
        self.assertTrue(set(owners) <= set(self.memberships(self.new)))
        self.assert_journal_clean()


def text_without_tls(fleet):
    with open(fleet, encoding="utf-8") as file:
        text = file.read()
    return text.replace("sslmode=verify-full", "sslmode=disable")


if __name__ == "__main__":
    unittest.main()
