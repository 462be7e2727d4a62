"""What check says about the databases of tests/foresight, confronted with what happens to them: all are moved with nobody checking,
and those fail that something blocked, no others.

Part of --full: a hundred and fifty databases take minutes. PGCONVOY_FORESIGHT='strangers/*' takes only some, always.
"""
import json
import os
import unittest

from .foresight_test import BLOCKED, READY, SEEDS, Seeds
from .support import RUNBOOK, Laboratory

SECONDS = 3600
WANTED = os.environ.get("PGCONVOY_TEST_FULL") == "1" or "PGCONVOY_FORESIGHT" in os.environ


class Truth:
    """The findings of all, and then the state in which each ended and why."""

    def __init__(self, laboratory):
        made = Seeds(laboratory, SEEDS)
        made.make_all()
        fleet = made.fleet()
        checked = laboratory.run("check", "-f", fleet, "--runbook", RUNBOOK, "--output", "json", seconds=SECONDS)
        if checked.returncode not in (READY, BLOCKED):
            raise AssertionError(f"exit code {checked.returncode}\n{checked.stdout}{checked.stderr}")
        self.blocked = {target["id"]: [f"{each['condition']}: {each['object']}: {each['evidence']}" for each in target["findings"]
                                       if each["severity"] == "block"]
                        for target in json.loads(checked.stdout)["targets"]}
        laboratory.run("run", "-f", fleet, "--runbook", RUNBOOK, "--yes", "--concurrency", "2", "--max-failures", "100%",
                       "--no-check", "to compare with what was predicted", seconds=SECONDS)
        self.states = laboratory.journal.target_states()
        self.errors = dict(laboratory.journal.rows(
            "SELECT targets.id, group_concat(steps.path || ': ' || steps.error) FROM steps JOIN targets ON targets.run = steps.run AND targets.number = steps.target "
            "WHERE steps.error IS NOT NULL GROUP BY 1"))


if WANTED:
    class ForesightTruthTest(unittest.TestCase):
        maxDiff = None

        @classmethod
        def setUpClass(cls):
            cls.truth = Truth(cls.enterClassContext(Laboratory(databases=1, apps=1, seed=53)))

    def judged(seed):
        def test(self):
            blocked, state = self.truth.blocked[seed.database], self.truth.states[seed.database]
            said = f"{state}: {self.truth.errors.get(seed.database)}\npredicted: {blocked}"
            fails = bool(blocked) if seed.fails is None else seed.fails
            self.assertEqual(state != "succeeded", fails, said)
        test.__doc__ = f"{seed.title}: {seed.description}"
        return test

    for each_seed in SEEDS:
        setattr(ForesightTruthTest, f"test_{each_seed.condition}__{each_seed.name}", judged(each_seed))


if __name__ == "__main__":
    unittest.main()
