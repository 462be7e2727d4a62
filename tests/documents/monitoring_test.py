"""What monitoring reads: the program's metrics, the alert rules and the dashboard name the same things. With Prometheus' own promtool, where it is installed
(scripts/setup --full), formats are checked and the alerts fire as they should."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from .package_test import CHECKOUT, PROGRAM, call

RULES = os.path.join(CHECKOUT, "packaging", "prometheus", "pgconvoy.rules.yml")
DASHBOARD = os.path.join(CHECKOUT, "packaging", "grafana", "pgconvoy.json")
FIRING = os.path.join(os.path.dirname(os.path.abspath(__file__)), "alerts.yml")


def names_in(text):
    """Of metrics, without what a histogram adds to its name."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bpgconvoy_[a-z_]+", text)}


class MonitoringTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="pgconvoy-monitoring-"))
        journal = os.path.join(folder, "journal.db")
        call(os.path.join(os.path.dirname(PROGRAM), "pgconvoy_fleet_journal"), journal, "120")
        cls.metrics = call(PROGRAM, "metrics", "--journal", journal)

    def test_rules_and_dashboard_name_what_the_program_says(self):
        said = set(re.findall(r"^# TYPE (pgconvoy_[a-z_]+) ", self.metrics, re.MULTILINE))
        self.assertGreater(len(said), 10)
        with open(RULES, encoding="utf-8") as file:
            expressions = "\n".join(re.findall(r"expr: (.*)", file.read()))
        with open(DASHBOARD, encoding="utf-8") as file:
            dashboard = json.load(file)
        asked = "\n".join(re.findall(r'"expr": "(.*?)"[,\n}]', json.dumps(dashboard, indent=1)))
        self.assertGreater(len(names_in(asked)), 5)
        self.assertEqual(names_in(expressions) - said, set())
        self.assertEqual(names_in(asked) - said, set())

    if shutil.which("promtool"):
        def test_metrics_are_as_prometheus_wants_them(self):
            done = subprocess.run(["promtool", "check", "metrics"], input=self.metrics, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

        def test_alerts_fire(self):
            self.assertIn("SUCCESS", call("promtool", "check", "rules", RULES))
            self.assertIn("SUCCESS", call("promtool", "test", "rules", FIRING))


if __name__ == "__main__":
    unittest.main()
