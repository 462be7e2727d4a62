"""An application whose driver can't speak SCRAM, as 100 of the 102 historic failures had: found before, moved with md5, lost without checks."""
import os
import shutil
import subprocess
import unittest

import yaml

from .support import CHECKOUT, ScenarioTest

OLD_CLIENT = os.path.join(CHECKOUT, "tests", "lab", "old-client")
APPLICATION, ROLE = "shop-live", "shop_live"
BLOCKED = 4


class OldClientsTest(ScenarioTest):
    """One laboratory; each method begins with the application on 13, and an md5 verifier there."""
    laboratory_options = {"regions": 1, "databases": 1, "apps": 1, "seed": 61}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run([os.path.join(OLD_CLIENT, "install")], check=True, capture_output=True)
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.image = cls.lab.path("programs")
        shutil.copytree(os.path.join(CHECKOUT, ".deps", "old-client", "node_modules"), os.path.join(cls.image, "node_modules"))
        shutil.copy(os.path.join(OLD_CLIENT, "app.js"), cls.image)
        for folder, _, names in os.walk(cls.image):
            os.chmod(folder, 0o755)
            for name in names:
                os.chmod(os.path.join(folder, name), 0o644)
        # The same start as before, of another program.
        run = cls.lab.path("apps", APPLICATION, "run")
        with open(run, encoding="utf-8") as file:
            text = file.read()
        program = cls.lab.path("programs", "app.py")
        changed = text.replace(f"/usr/bin/python3 '{program}'", f"{shutil.which('node')} '{cls.image}/app.js'")
        assert changed != text, text
        with open(run, "w", encoding="utf-8") as file:
            file.write(changed)
        cls.prepend_access(cls.old, "md5")
        password = cls.variables()["DATABASE_URL"].split("@")[0].rsplit(":", 1)[1]
        cls.lab.psql(cls.old, f"SET password_encryption = 'md5'; ALTER ROLE {ROLE} PASSWORD '{password}'")
        cls.lab.lab("app", "stop", APPLICATION)  # the new one is no such program yet
        cls.fleet = cls.fleet_with_image(None)
        cls.fleet_of_image = cls.fleet_with_image(cls.image)

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])
        self.restart()

    @classmethod
    def variables(cls):
        with open(cls.lab.path("apps", APPLICATION, "env"), encoding="utf-8") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)

    @classmethod
    def prepend_access(cls, server, method):
        """The role's own line at the beginning of pg_hba.conf; returns what was there before."""
        path = cls.lab.path("servers", server, "data", "pg_hba.conf")
        with open(path, encoding="utf-8") as file:
            before = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"host all {ROLE} 127.0.0.1/32 {method}\n{before}")
        cls.lab.psql(server, "SELECT pg_reload_conf()")
        return before

    @classmethod
    def write_access(cls, server, text):
        with open(cls.lab.path("servers", server, "data", "pg_hba.conf"), "w", encoding="utf-8") as file:
            file.write(text)
        cls.lab.psql(server, "SELECT pg_reload_conf()")

    @classmethod
    def fleet_with_image(cls, image):
        with open(cls.lab.fleet, encoding="utf-8") as file:
            fleet = yaml.safe_load(file)
        if image:
            fleet["environments"][APPLICATION]["image"] = image
        path = cls.lab.path(f"fleet-{'image' if image else 'plain'}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file)
        return path

    def restart(self):
        """The application anew, whatever became of it."""
        self.lab.lab("app", "stop", APPLICATION)
        started = self.lab.lab("app", "start", APPLICATION)
        self.assertEqual(started.returncode, 0, started.stdout + started.stderr)

    def findings(self, fleet, *more):
        [target] = self.lab.json("check", *self.lab.fleet_arguments("-f", fleet, "--limit", APPLICATION, *more))["targets"]
        return [each for each in target["findings"] if each["condition"] == "client_speaks_target_authentication"]

    def verifier(self, server):
        return self.lab.psql(server, f"SELECT rolpassword FROM pg_authid WHERE rolname = '{ROLE}'")

    def test_1_found_before(self):
        before = self.lab.catalogs()
        [known] = self.findings(self.fleet_of_image)
        self.assertEqual((known["severity"], known["object"]), ("block", f'environment {APPLICATION}, role "{ROLE}"'))
        self.assertIn("node-postgres 6.4.2", known["evidence"])
        self.assertIn("its verifier is md5", known["evidence"])
        self.assertIn("md5 for it in pg_hba.conf of", known["remedy"])
        # Without an image nobody knows, and that is said, not cried.
        [unknown] = self.findings(self.fleet)
        self.assertEqual(unknown["severity"], "info")
        self.assertIn("names no image", unknown["evidence"])
        # md5 would be kept in vain: the new server wants SCRAM.
        [vain] = self.findings(self.fleet_of_image, "--set", "authentication=md5")
        self.assertEqual(vain["severity"], "block")
        self.assertIn("its pg_hba.conf says scram-sha-256", vain["evidence"])
        [wrong] = [each for each in self.findings(self.fleet, "--set", "authentication=mD5") if each["severity"] == "block"]
        self.assertIn("mD5", wrong["evidence"])
        self.assertEqual(self.lab.catalogs(), before)

    def test_2_kept_in_vain_is_found_before_the_pause(self):
        before = self.lab.catalogs()
        done = self.lab.migrate("-f", self.fleet, "--limit", APPLICATION, "--set", "authentication=carry", "--no-check", "to see it refused")
        self.assert_exit(done, 1)
        self.assertNotIn("page_on", done.stdout)
        self.assertEqual(self.lab.journal.target_states(), {APPLICATION: "rolled_back"})
        self.assertEqual(self.lab.catalogs(), before)
        self.assert_healthy_on(APPLICATION, 13)

    def test_3_lost_without_checks(self):
        runbook = self.lab.edited_runbook(redeploy="{health_timeout: 8s}")
        done = self.lab.migrate("-f", self.fleet, "--limit", APPLICATION, "--runbook", runbook, "--no-check", "as in history")
        self.assert_exit(done, 1)
        self.assertIn("redeploy", done.stdout)
        self.assertEqual(self.lab.journal.target_states(), {APPLICATION: "rolled_back"})
        self.assert_healthy_on(APPLICATION, 13)

    def test_4_moved_with_md5(self):
        self.addCleanup(self.write_access, self.new, self.prepend_access(self.new, "md5"))
        [debt] = self.findings(self.fleet_of_image, "--set", "authentication=md5")
        self.assertEqual((debt["severity"], debt["mendable"]), ("info", True))
        [still] = self.findings(self.fleet_of_image)
        self.assertEqual(still["severity"], "block")
        self.assertIn("or --set authentication=md5", still["remedy"])
        done = self.lab.migrate("-f", self.fleet_of_image, "--limit", APPLICATION, "--set", "authentication=md5")
        self.assert_exit(done, 0)
        self.assert_healthy_on(APPLICATION, 15)
        self.assertEqual(self.verifier(self.new), self.verifier(self.old))
        self.assertRegex(done.stdout, rf"role {ROLE} on {self.new} \({APPLICATION}\) logs in with md5")
        self.assertEqual(self.lab.json("report", "r1")["debts"], [{"kind": "md5", "target": APPLICATION, "server": self.new, "role": ROLE}])
        self.assert_exit(self.lab.run("rollback", "r1", APPLICATION, "--yes"), 0)
        self.assert_healthy_on(APPLICATION, 13)
        self.assertEqual(self.verifier(self.new), [])
        self.assertEqual(self.lab.json("report", "r1")["debts"], [])


if __name__ == "__main__":
    unittest.main()
