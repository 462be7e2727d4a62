"""A laboratory whose applications stand on examples/exec-platform, which pgconvoy knows only through its program."""
import json
import os
import re
import subprocess

from .support import CHECKOUT, ScenarioTest

EXAMPLE = os.path.join(CHECKOUT, "examples", "exec-platform")


class ExecPlatformScenario(ScenarioTest):
    """One laboratory with two servers, and the platform on them with the applications shop and blog."""
    laboratory_options = {"regions": 1, "databases": 0, "apps": 0}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls.lab.server("eu-west", 13), cls.lab.server("eu-west", 15)
        cls.directory = os.path.join(cls.lab.base, "platform")
        cls.addClassCleanup(subprocess.run, [os.path.join(EXAMPLE, "down"), "--dir", cls.directory], capture_output=True, check=False)
        made = subprocess.run([os.path.join(EXAMPLE, "up"), "--dir", cls.directory, "--old", cls.lab.url(cls.old), "--new",
                               cls.lab.url(cls.new), "--passfile", cls.lab.path("secrets", "admin.passfile")],
                              capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise AssertionError(made.stdout + made.stderr)
        cls.fleet = os.path.join(cls.directory, "fleet.yaml")
        cls.lab.record["applications"] = {
            name: {"public_url": f"http://127.0.0.1:{app['public_port']}/", "health_url": f"http://127.0.0.1:{app['port']}/health"}
            for name, app in cls.read("apps.json").items()}

    @classmethod
    def read(cls, name):
        with open(os.path.join(cls.directory, name), encoding="utf-8") as file:
            return json.load(file)

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def secrets_of(self, app):
        """Its password, and the verifier that its role has."""
        url = self.read("state.json")["apps"][app]["variables"]["DATABASE_URL"]
        return [re.fullmatch(r"postgresql://\w+:([^@]+)@.*", url)[1],
                *self.lab.psql(self.old, f"SELECT rolpassword FROM pg_authid WHERE rolname = '{app}'")]

    def entries(self, app):
        url = self.read("state.json")["apps"][app]["variables"]["DATABASE_URL"]
        done = subprocess.run(["psql", "-X", "-At", "-d", url, "-c", "SELECT id || ' ' || entry FROM entries"], capture_output=True,
                              text=True, check=True)
        return set(done.stdout.splitlines())
