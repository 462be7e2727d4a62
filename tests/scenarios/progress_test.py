"""A single large restore has a true bar: it never goes back, never passes its total, and ends there."""
import json
import os
import time
import unittest

from .support import ScenarioTest

FULL = os.environ.get("PGCONVOY_TEST_FULL") == "1"
ROWS = 3_000_000 if FULL else 60_000  # of about 100 bytes
TARGET = "shop-live"


class ProgressTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 1, "apps": 0, "seed": 72}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.as_owner(TARGET, f"""
            CREATE TABLE public.large (id integer, word text, more text);
            INSERT INTO public.large SELECT n, md5(n::text), repeat(md5((n % 1000)::text), 2) FROM generate_series(1, {ROWS}) n;
            CREATE INDEX ON public.large (word); CREATE INDEX ON public.large (id, word); CREATE INDEX ON public.large (more)""")
        # So that there is something to see of a restore that takes no time.
        cls.lab.make_slow(TARGET, 3)

    def test_of_a_restore_and_a_dump(self):
        done = self.assert_exit(self.lab.run("rehearse", *self.lab.fleet_arguments("--limit", TARGET), "--yes", "--output", "jsonl", seconds=600), 0)
        told = {}
        for line in done.stdout.splitlines():
            event = json.loads(line)
            if event["kind"] == "progress" and event["data"]["total_bytes"] > 0:
                told.setdefault(event["step"].split("@")[0].split("/")[-1], []).append(event["data"])
        for operation in ("backup_collected_services", "restore_backup_to_reprovisioned_services", "record_source", "verify_rehearsal"):
            with self.subTest(operation):
                bytes_done = [event["bytes"] for event in told[operation]]
                [total] = {event["total_bytes"] for event in told[operation]}
                self.assertEqual(bytes_done, sorted(bytes_done))
                self.assertEqual(bytes_done[-1], total)
                self.assertTrue(all(each < total for each in bytes_done[:-1]), bytes_done)
        restore = told["restore_backup_to_reprovisioned_services"]
        self.assertGreater(len(restore), 2)
        self.assertTrue(any(0 < event["bytes"] < event["total_bytes"] for event in restore), restore)
        if FULL:
            # Its rows and its indexes are seen as they come.
            self.assertTrue(any("rows of the table" in event["text"] for event in restore), restore)
            self.assertTrue(any("an index" in event["text"] for event in restore), restore)
            self.assertGreater(len({event["bytes"] for event in restore}), 5)

    if FULL:
        def test_nobody_looks_on_when_nobody_listens(self):
            # Lines are no bar: the servers are not asked.
            with self.lab.start("rehearse", *self.lab.fleet_arguments("--limit", TARGET), "--yes") as started:
                seen = set()
                while started.process.poll() is None:
                    seen.update(self.lab.backends(self.lab.server("eu-west", 15)))
                    time.sleep(0.2)
                code, output = started.finish()
            self.assertEqual(code, 0, output)
            self.assertTrue([name for name in seen if "-r" in name], seen)
            self.assertNotIn("pgconvoy/progress", seen)


if __name__ == "__main__":
    unittest.main()
