"""The crash matrix, as a sample: of every track some points, ended, ended twice, refused and lied to. All of it: PGCONVOY_TEST_FULL=1."""
import os
import random
import sys
import time
import unittest

from tests.faults import matrix

FULL = os.environ.get("PGCONVOY_TEST_FULL") == "1"
# Another one each day finds more than the same one for ever; a failure names it.
SEED = os.environ.get("PGCONVOY_MATRIX_SEED") or time.strftime("%Y%m%d")


class CrashMatrixTest(unittest.TestCase):
    def carry_out(self, *tracks, sample):
        arguments = [text for track in tracks for text in ("--track", track)] + ["--seed", SEED]
        if not FULL:
            arguments += ["--sample", str(sample)]
        options = matrix.options_from(arguments)
        count, totals = matrix.matrix(options)
        print(f"crash matrix {', '.join(tracks)}: {count} points exist, seed {SEED}\n{totals.text()}", file=sys.stderr)
        self.assertTrue(totals.good(), f"seed {SEED}\n{totals.text()}")

    def test_one_database(self):
        # There is no day on which the same tracks are left out again.
        tracks = ["undo", "reverse", "resume", "rollback", "cleanup", "rehearse", "short_pause", "late_backup", "late_verification"]
        self.carry_out("move", *(tracks if FULL else random.Random(SEED).sample(tracks, 3)), sample=1)

    def test_several_databases_and_poolers(self):
        tracks = ["pooler", "several"]
        self.carry_out(*(tracks if FULL else random.Random(SEED).sample(tracks, 1)), sample=1)


if __name__ == "__main__":
    unittest.main()
