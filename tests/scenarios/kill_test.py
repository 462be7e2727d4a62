"""kill -9 at the worst moments; resume finishes, and nothing is lost, doubled or left over."""
import signal
import unittest

from .support import ScenarioTest, wait_for


class KillTest(ScenarioTest):
    # Each test moves an application of its own, with a journal of its own.
    laboratory_options = {"regions": 1, "databases": 4, "apps": 4, "seed": 3}

    def kill_and_resume(self, operation, application):
        lab = self.lab
        lab.use_journal(operation)
        old, new = lab.server("eu-west", 13), lab.server("eu-west", 15)
        before = lab.catalog(old)["roles"]
        database = lab.database_of(application)["database"]
        writer = lab.start_writer(application)
        writer.wait_for_more()
        with lab.start("run", *lab.fleet_arguments("--limit", application), "--yes") as run:
            wait_for(f"{operation} to be started", lambda: lab.journal.is_started(operation), every=0)
            run.signal(signal.SIGKILL)
            self.assertEqual(run.finish()[0], -signal.SIGKILL)
        wait_for("no orphan", lambda: not self.lab.processes("pg_dump", "pg_restore"), seconds=5)
        self.assertTrue(lab.journal.is_started(operation), "it was over before the kill")

        self.assert_exit(lab.run("status"), 0)
        self.assert_exit(lab.run("resume", "r1"), 0)
        self.assertEqual(lab.journal.target_states(), {application: "succeeded"})
        writer.wait_for_more()
        writer.stop()
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application, writer)
        self.assert_journal_clean()
        self.assertEqual(lab.leftovers(new), [])
        self.assertIn(database, lab.user_databases(new))
        self.assertNotIn(database, lab.user_databases(old))
        self.assertEqual(lab.catalog(old)["roles"], before)
        [fenced] = lab.json("status", "r1")["targets"][0]["fenced"]
        self.assertEqual([name for name in lab.leftovers(old) if name not in self.fenced_before], [fenced["fenced_name"]])
        self.assertEqual(lab.psql(old, f"SELECT datallowconn FROM pg_database WHERE datname = '{fenced['fenced_name']}'"), ["f"])

    def setUp(self):
        self.fenced_before = self.lab.leftovers(self.lab.server("eu-west", 13))

    def test_while_restore_is_started(self):
        self.kill_and_resume("restore_backup_to_reprovisioned_services", "shop-live")

    def test_while_fence_source_is_started(self):
        self.kill_and_resume("fence_source", "billing-live")

    def test_while_enable_is_started(self):
        self.kill_and_resume("enable_reprovisioned_services", "forum-live")

    def test_while_redeploy_is_started(self):
        self.kill_and_resume("redeploy", "archive-test")


if __name__ == "__main__":
    unittest.main()
