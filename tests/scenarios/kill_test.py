"""kill -9 at the worst moments; resume finishes, and nothing is lost, doubled or left over."""
import os
import signal
import unittest

from .support import Laboratory, ScenarioTest, wait_for

APPLICATION = "shop-live"


def children_named(laboratory, *names):
    """Processes of these programs whose environment carries this laboratory's journal."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/comm", encoding="utf-8") as file:
                name = file.read().strip()
            with open(f"/proc/{entry}/environ", "rb") as file:
                ours = laboratory.base.encode() in file.read()
        except OSError:
            continue
        if name in names and ours:
            found.append((int(entry), name))
    return found


class KillTest(ScenarioTest):
    def killed_and_resumed(self, operation):
        # Each in a laboratory of its own: what one leaves behind must not look like another's.
        with Laboratory(regions=1, databases=1, apps=1, seed=3) as lab:
            type(self).lab = lab
            old, new = lab.server("eu-west", 13), lab.server("eu-west", 15)
            before = lab.catalog(old)["roles"]
            writer = lab.start_writer(APPLICATION)
            writer.wait_for_more()
            with lab.start("run", *lab.fleet_arguments(), "--yes") as run:
                wait_for(f"{operation} to be started", lambda: lab.journal.is_started(operation), every=0)
                run.signal(signal.SIGKILL)
                self.assertEqual(run.finish()[0], -signal.SIGKILL)
            wait_for("no orphan", lambda: not children_named(lab, "pg_dump", "pg_restore"), seconds=5)
            stopped_in = lab.journal.rows("SELECT path FROM steps WHERE status = 'started'")
            self.assertEqual([path.split("/")[-1].split("@")[0] for (path,) in stopped_in], [operation], "the kill came too late to tell")

            self.assert_exit(lab.run("status"), 0)
            self.assert_exit(lab.run("resume", "r1"), 0)
            self.assertEqual(lab.journal.target_states(), {APPLICATION: "succeeded"})
            writer.wait_for_more()
            self.assertGreater(writer.stop()["acknowledged"], 0)
            self.assert_healthy_on(APPLICATION, 15)
            self.assert_ledger_complete(APPLICATION, writer)
            self.assert_journal_clean()
            self.assertEqual(lab.leftovers(new), [])
            self.assertEqual(lab.user_databases(new), ["shop_live"])
            self.assertEqual(lab.catalog(old)["roles"], before)
            fenced = lab.psql(old, "SELECT datname, datallowconn FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
            self.assertEqual(len(fenced), 1)
            self.assertRegex(fenced[0], r"^pgconvoy_\w+_old\|f$")

    @classmethod
    def setUpClass(cls):
        pass

    def test_while_restore_is_started(self):
        self.killed_and_resumed("restore_backup_to_reprovisioned_services")

    def test_while_fence_source_is_started(self):
        self.killed_and_resumed("fence_source")

    def test_while_enable_is_started(self):
        self.killed_and_resumed("enable_reprovisioned_services")

    def test_while_redeploy_is_started(self):
        self.killed_and_resumed("redeploy")


if __name__ == "__main__":
    unittest.main()
