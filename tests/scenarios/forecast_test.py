"""What is foretold of a run, the run, and how the report grades it; budgets, prices, and what a second plan has learnt from the first run."""
import csv
import io
import unittest

import yaml

from .support import CHECKOUT, ScenarioTest

BLOCKED, USAGE = 4, 2


class ForecastTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 5, "apps": 1, "seed": 71}

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def fleet_with_budget(self, environment, budget):
        fleet = self.read_fleet()
        fleet["environments"][environment]["downtime_budget"] = budget
        # Beside the laboratory's own: paths in it are relative.
        path = self.lab.path("budget.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file)
        return path

    def test_plan_run_grade_and_learn(self):
        lab = self.lab
        application = sorted(lab.record["applications"])[0]
        targets = [each["environment"] for each in lab.record["databases"]][:3]
        limits = [text for target in dict.fromkeys([application, *targets]) for text in ("--limit", target)]
        arguments = lab.fleet_arguments(*limits)
        planned = lab.json("plan", *arguments, "--explain-estimate", application, "--what-if", "concurrency-per-region=1,2")
        forecast = planned["forecast"]
        self.assertEqual(forecast["learnt_from"], {"targets": 0, "runs": []})
        self.assertGreater(forecast["seconds"]["p90"], forecast["seconds"]["p50"])
        for target in planned["targets"]:
            self.assertGreater(target["seconds_p90"], target["seconds"])
            self.assertGreater(target["seconds"], target["paused_seconds"])
            self.assertTrue(all(step["work"] for step in target["steps"]))
        restore = next(step for step in planned["explained"]["steps"] if step["operation"] == "restore_backup_to_reprovisioned_services")
        self.assertEqual(restore["from"], "prior")
        self.assertGreater(restore["terms"]["table_bytes"]["amount"], 0)
        one, two = planned["what_if"][0]["values"]
        self.assertGreater(one["forecast"]["seconds"]["p50"], two["forecast"]["seconds"]["p50"])

        self.assert_exit(lab.run("run", "--plan", "r1", "--yes"), 0)
        report = lab.json("report", "r1")
        graded = report["forecast"]
        self.assertEqual(graded["targets"]["targets"], len(planned["targets"]))
        self.assertEqual(graded["run"]["foretold"], forecast["seconds"]["p50"])
        self.assertAlmostEqual(graded["run"]["actual"], report["totals"]["seconds"], delta=0.01)
        actual = {each["id"]: each["actual"] for each in graded["each"]}
        for target in report["targets"]:
            self.assertAlmostEqual(actual[target["id"]], target["seconds"], delta=0.01)
        self.assertIn("Forecast and what became of it", lab.run("report", "r1").stdout)

        # The rest of the fleet is planned by what these have shown, and that is nearer.
        learnt = lab.json("plan", *lab.fleet_arguments(), *[text for target in dict.fromkeys([application, *targets]) for text in ("--exclude", target)])
        self.assertEqual(learnt["forecast"]["learnt_from"], {"targets": len(planned["targets"]), "runs": ["r1"]})
        self.assertLess(learnt["targets"][0]["shared_spread"], planned["targets"][0]["shared_spread"])
        shown = self.assert_exit(lab.run("plan", *lab.fleet_arguments("--limit", learnt["targets"][0]["target"]["id"]), "--explain-estimate",
                                         learnt["targets"][0]["target"]["id"]), 0).stdout
        self.assertRegex(shown, r"restore_backup\S* of \S+ +fixed .* steps of r1")
        self.assert_journal_clean()

    def test_a_budget_blocks_unless_somebody_says_why(self):
        lab = self.lab
        target = lab.record["databases"][4]["environment"]
        tight = self.fleet_with_budget(target, "0.05s")
        arguments = ["-f", tight, "--runbook", "postgres-13-to-15", "--limit", target]
        refused = self.assert_exit(lab.run("run", *arguments, "--yes"), BLOCKED)
        self.assertIn("downtime_within_budget", refused.stdout + refused.stderr)
        self.assertRegex(refused.stdout, r"its budget is 50 ms \(mostly ")
        planned = self.assert_exit(lab.run("plan", *arguments, "--over-budget", "it was agreed"), 0).stdout
        self.assertIn("overridden: downtime_within_budget (it was agreed)", planned)
        both = lab.run("plan", *arguments, "--over-budget", "a", "--override", "downtime_within_budget=b")
        self.assertIn("give one of them", self.assert_exit(both, USAGE).stderr)

    def test_prices(self):
        lab = self.lab
        target = lab.record["databases"][4]["environment"]
        arguments = lab.fleet_arguments("--limit", target)
        book = lab.file("prices.yaml", "pgconvoy_prices: 1\ncurrency: EUR\nregions: {eu-west: {engineer_hour: 80, storage_gb_month: 0.1}}\n")
        shown = self.assert_exit(lab.run("plan", *arguments, "--prices", book), 0).stdout
        self.assertIn("no price for backup_gb_month in region eu-west", shown)
        self.assertRegex(shown, r"the run .*and what is missing")
        document = lab.json("plan", *arguments, "--prices", book)
        self.assertIsNone(document["cost"]["regions"]["eu-west"]["backups"]["money"])
        [row] = csv.DictReader(io.StringIO(lab.run("plan", *arguments, "--prices", book, "--output", "csv").stdout))
        self.assertEqual((row["target"], row["currency"], row["complete"], row["backups_low"]), (target, "EUR", "no", ""))
        self.assertGreater(float(row["seconds_p90"]), float(row["seconds"]))
        wrong = lab.file("wrong.yaml", "pgconvoy_prices: 1\ncurrency: EUR\nregions:\n  eu-west: {enginer_hour: 80}\n")
        self.assertIn("wrong.yaml:4:13: ", self.assert_exit(lab.run("plan", *arguments, "--prices", wrong), USAGE).stderr)
        self.assert_exit(lab.run("plan", *arguments, "--prices", f"{CHECKOUT}/examples/prices.yaml"), 0)


if __name__ == "__main__":
    unittest.main()
