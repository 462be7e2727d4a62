"""Applications behind pgbouncer: clients wait while their database moves, and nothing that they were promised is lost."""
import contextlib
import json
import os
import signal
import unittest
from datetime import datetime

import psycopg2

from tests.lab import pgbouncer
from tests.lab.account import Account
from tests.lab.check_ledger import read_environment
from tests.lab.pooler_client import PoolerClient
from tests.lab.record import Record

from .support import ScenarioTest, wait_for

BLOCKED = 4
POOLER = "eu-west-pooler"


class PoolerTest(ScenarioTest):
    # Each test moves a database of its own, with a journal of its own. The last one's application isn't ours to bind.
    laboratory_options = {"regions": 1, "databases": 4, "apps": 3, "seed": 81, "pooler": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record = Record.load(cls.lab.directory, Account())
        cls.file = cls.lab.path("poolers", POOLER, "databases.ini")

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def alias(self, name):
        [found] = [each for each in pgbouncer.aliases(self.record, POOLER) if each["name"] == name]
        return found

    def leads_to(self, alias):
        """(major version of the server behind it, database, is it paused) as the pooler itself says, and its file agrees."""
        said = self.alias(alias)
        [major] = [server["major"] for server in self.lab.record["servers"].values() if server["port"] == said["port"]]
        with open(self.file, encoding="utf-8") as file:
            [line] = [line for line in file if line.startswith(f"{alias} =")]
        self.assertIn(f" port={said['port']} ", line)
        self.assertTrue(line.endswith(" pool_size=10\n"), line)
        return major, said["database"], bool(int(said["paused"]))

    def command(self, text):
        console = pgbouncer.console(self.record, POOLER)
        console.cursor().execute(text)
        console.close()

    def client(self, application):
        url = read_environment(self.lab.path("apps", application, "env"))["DATABASE_URL"]
        client = PoolerClient(url, os.path.join(self.lab.base, f"{application}.client"))
        self.addCleanup(client.stopping.set)
        return client

    def wait_for_more(self, client, count=5):
        before = client.acknowledged
        wait_for(f"{count} more entries through the pooler: {client.errors[-1:]}", lambda: client.acknowledged >= before + count)

    def test_clients_wait_while_their_database_moves(self):
        application, lab = "shop-live", self.lab
        variables = read_environment(lab.path("apps", application, "env"))
        mode, owner = os.stat(self.file).st_mode, os.stat(self.file).st_uid
        writer, client = lab.start_writer(application), self.client(application)
        writer.wait_for_more()
        self.wait_for_more(client)
        done = lab.migrate("--limit", application)
        self.assert_exit(done, 0)
        self.wait_for_more(client)
        writer.wait_for_more()
        client.stop()
        writer.stop()
        self.assertEqual(client.errors, [], "clients of a paused pooler wait, they get no errors")
        self.assertEqual(self.leads_to(application), (15, "shop_live", False))
        self.assertEqual((os.stat(self.file).st_mode, os.stat(self.file).st_uid), (mode, owner))
        self.assertEqual(read_environment(lab.path("apps", application, "env")), variables)
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, client, writer)
        # What the client waited for is what the run was paused for, not a time that pgbouncer waits after errors.
        paused = self.paused_seconds()
        print(f"\n  client's outage {client.longest_gap:.1f} s, of which the poolers were paused {paused:.1f} s", end="", flush=True)
        self.assertLess(client.longest_gap, paused + 3)
        self.assert_journal_clean()

    def paused_seconds(self):
        moments = {(event["kind"], event["step"].split("@")[0].rpartition("/")[2]): event["at"] for event in self.events()}
        begin, end = moments["step_started", "pause_poolers"], moments["step_succeeded", "redeploy"]
        return seconds_between(begin, end)

    def events(self):
        shown = self.assert_exit(self.lab.run("events", "--output", "jsonl"), 0).stdout
        return [json.loads(line) for line in shown.splitlines()]

    def test_killed_while_clients_wait(self):
        application, lab = "billing-live", self.lab
        client = self.client(application)
        self.wait_for_more(client)
        # First while the pooler waits for an open transaction: whoever resumes must not take the pause for somebody else's.
        url = read_environment(lab.path("apps", application, "env"))["DATABASE_URL"]
        with contextlib.closing(psycopg2.connect(url)) as busy:
            busy.cursor().execute("SELECT 1")
            with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as run:
                wait_for("the pause to be begun", lambda: lab.journal.is_started("pause_poolers") and int(self.alias(application)["paused"]), every=0)
                run.signal(signal.SIGKILL)
                run.finish()
        with lab.start("resume", "r1") as run:
            wait_for("the restore to be started", lambda: lab.journal.is_started("restore_backup_to_reprovisioned_services"), every=0)
            run.signal(signal.SIGKILL)
            run.finish()
        self.assertEqual(self.leads_to(application), (13, "billing_live", True))
        self.assert_exit(lab.run("resume", "r1"), 0)
        self.wait_for_more(client)
        client.stop()
        self.assertEqual(client.errors, [])
        self.assertEqual(self.leads_to(application), (15, "billing_live", False))
        self.assert_ledger_complete(application, client)
        self.assert_journal_clean()

    def test_back_after_success(self):
        application, lab = "forum-live", self.lab
        with open(self.file, encoding="utf-8") as file:
            before = [line for line in file if line.startswith(application)]
        database = lab.database_of(application)["database"]
        catalogs = lab.catalogs()
        self.assert_exit(lab.migrate("--limit", application), 0)
        self.assertEqual(self.leads_to(application), (15, database, False))
        self.assert_exit(lab.run("rollback", "r1", application, "--yes"), 0)
        self.assertEqual(self.leads_to(application), (13, database, False))
        with open(self.file, encoding="utf-8") as file:
            self.assertEqual([line for line in file if line.startswith(application)], before)
        self.assertEqual(lab.catalogs(), catalogs)
        self.assert_healthy_on(application, 13)
        client = self.client(application)
        self.wait_for_more(client)
        client.stop()
        self.assert_ledger_complete(application, client)
        self.assert_journal_clean()

    def test_nothing_is_left_to_do_by_hand_when_all_goes_through_a_pooler(self):
        target, lab = "archive-test", self.lab
        done = self.assert_exit(lab.migrate("--limit", target), 0)
        self.assertEqual(self.leads_to(target), (15, "archive_test", False))
        self.assertNotIn("resolve", done.stdout)
        made = [event["data"]["kind"] for event in self.events() if event["kind"] == "obligation_made"]
        self.assertEqual(made, ["drop_source"])

    def test_an_alias_that_leads_elsewhere_is_found_before_anybody_waits(self):
        # Nobody uses it meanwhile: pgbouncer would remember for a while that nothing is there.
        application, lab = "archive-test", self.lab
        with open(self.file, encoding="utf-8") as file:
            text = file.read()
        broken = text.replace(f"{application} = host=127.0.0.1", f"{application} = host=127.0.0.2")
        self.assertNotEqual(broken, text)
        ways = {"it leads to 127.0.0.2": broken, "no line of its own": text.replace(f"{application} =", "another =") + "* = host=127.0.0.1\n"}
        for evidence, content in ways.items():
            with self.subTest(evidence):
                self.rewrite(content)
                try:
                    found = lab.run("plan", *lab.fleet_arguments("--limit", application))
                finally:
                    self.rewrite(text)
                self.assert_exit(found, BLOCKED)
                self.assertIn(evidence, found.stdout)

    def rewrite(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)
        self.command("RELOAD")


def seconds_between(begin, end):
    return (datetime.fromisoformat(end.replace("Z", "+00:00")) - datetime.fromisoformat(begin.replace("Z", "+00:00"))).total_seconds()


if __name__ == "__main__":
    unittest.main()
