"""Every database of tests/foresight: made on a real server, looked at by one `check`, which finds exactly what the file announces.

A hit is found with its evidence, a near miss and an absence are silent, and no other condition cries wolf.
"""
import fnmatch
import os
import subprocess
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import yaml

from .foresight_cases import KINDS, count_declared
from .support import CHECKOUT, Laboratory, RUNBOOK

FILES = os.path.join(CHECKOUT, "tests", "foresight")
PASSWORD = "chosen-by-the-tenant"
SECONDS_FOR_THE_CHECK = 120
READY, BLOCKED = 0, 4


@dataclass
class Seed:
    """One file."""
    condition: str
    name: str
    number: int
    description: str = ""
    expected: list = field(default_factory=list)  # (severity, condition, object, evidence)
    settings: str = ""
    login: bool = True
    fails: bool = None  # what a run without checks does; None: as the findings say
    parts: list = field(default_factory=list)  # (as whom, SQL)

    @property
    def database(self):
        return f"seed_{self.number}"

    @property
    def kind(self):
        return next(kind for kind in KINDS if self.name.startswith(kind + "_"))

    @property
    def title(self):
        return f"{self.condition}/{self.name}"

    def blocks(self):
        return any(severity == "block" for severity, *_ in self.expected)


def read_seed(path, number):
    folder, name = os.path.split(path)
    seed = Seed(os.path.basename(folder), name.removesuffix(".sql"), number)
    who, sql = "owner", []
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        key, _, value = line.removeprefix("-- ").partition(": ")
        if not line.startswith("-- ") or key not in ("description", "expect", "also", "settings", "login", "fails", "as"):
            sql.append(line)
        elif key == "description":
            seed.description = value
        elif key == "expect":
            severity, thing, evidence = (part.strip() for part in value.split(";", 2))
            seed.expected.append((severity, seed.condition, thing, evidence))
        elif key == "also":
            severity, condition, *more = (part.strip() for part in value.split(";", 3))
            seed.expected.append((severity, condition, *(more + ["", ""])[:2]))
        elif key == "settings":
            seed.settings = value
        elif key == "login":
            seed.login = value == "yes"
        elif key == "fails":
            seed.fails = value == "yes"
        else:
            seed.parts.append((who, "\n".join(sql)))
            who, sql = value, []
    seed.parts.append((who, "\n".join(sql)))
    if not seed.description:
        raise ValueError(f"{path}: no description")
    if (seed.kind == "hit") != bool(seed.expected):
        raise ValueError(f"{path}: a hit expects a finding, a near miss and an absence none")
    return seed


def read_seeds(pattern="*"):
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(FILES) for name in names if name.endswith(".sql"))
    seeds = [read_seed(path, number) for number, path in enumerate(paths, 1)]
    return [seed for seed in seeds if fnmatch.fnmatch(seed.title, pattern)]


SEEDS = read_seeds(os.environ.get("PGCONVOY_FORESIGHT", "*"))
if "PGCONVOY_FORESIGHT" not in os.environ and os.environ.get("PGCONVOY_TEST_FULL") != "1":
    SEEDS = [seed for seed in SEEDS if not seed.title.startswith("strangers/")]


class Seeds:
    """The databases of the files, on the servers of a laboratory, and a fleet file that knows them."""

    def __init__(self, laboratory, seeds):
        self.lab, self.seeds = laboratory, seeds
        self.old, self.new = laboratory.server("eu-west", 13), laboratory.server("eu-west", 15)
        self.passfile = laboratory.file("tenants.passfile", f"*:*:*:*:{PASSWORD}\n")
        os.chmod(self.passfile, 0o600)

    def port(self, server):
        return self.lab.record["servers"][server]["port"]

    def psql(self, server, database, user, seed, sql):
        environment = self.lab.environment(PGPASSFILE=self.passfile if user == seed.database else self.lab.path("secrets", "admin.passfile"))
        done = subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"owner={seed.database}", "-v", f"database={seed.database}", "-h", "127.0.0.1",
             "-p", str(self.port(server)), "-U", user, "-d", database], input=sql, capture_output=True, text=True, check=False, env=environment)
        if done.returncode != 0:
            raise AssertionError(f"{seed.title} as {user} on {server}:\n{done.stderr}")

    def make(self, seed):
        place = {"owner": (self.old, seed.database, seed.database), "superuser": (self.old, seed.database, "postgres"),
                 "target": (self.new, "postgres", "postgres")}
        self.psql(self.old, "postgres", "postgres", seed,
                  f"CREATE ROLE {seed.database} LOGIN PASSWORD '{PASSWORD}';\n"
                  f"CREATE DATABASE {seed.database} OWNER {seed.database} {seed.settings};")
        for who, sql in seed.parts:
            if sql.strip():
                self.psql(*place[who], seed, sql)

    def make_all(self):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self.make, self.seeds))

    def fleet(self):
        with open(self.lab.fleet, encoding="utf-8") as file:
            fleet = yaml.safe_load(file)
        fleet["environments"] = {}
        fleet["instances"] = {
            seed.database: {"server": self.old, "database": seed.database, "role": seed.database,
                            **({"password": {"passfile": self.passfile}} if seed.login else {})}
            for seed in self.seeds}
        path = self.lab.path("seeds.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file)
        return path


class ForesightTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Laboratory(databases=1, apps=1, seed=51))
        made = Seeds(cls.lab, SEEDS)
        made.make_all()
        before = cls.lab.catalogs()
        done = cls.lab.run("check", "-f", made.fleet(), "--runbook", RUNBOOK, "--output", "json", seconds=SECONDS_FOR_THE_CHECK)
        if done.returncode not in (READY, BLOCKED):
            raise AssertionError(f"exit code {done.returncode}\n{done.stdout}{done.stderr}")
        cls.changed = (before, cls.lab.catalogs())
        cls.code = done.returncode
        cls.findings = {target["id"]: target["findings"] for target in yaml.safe_load(done.stdout)["targets"]}

    def test_nothing_was_changed(self):
        self.assertEqual(*self.changed)

    def test_the_exit_code_says_whether_something_blocks(self):
        self.assertEqual(self.code, BLOCKED if any(seed.blocks() for seed in SEEDS) else READY)


def judged(seed):
    def test(self):
        found = [each for each in self.findings[seed.database] if each["severity"] in ("block", "warn")]
        wanted = list(seed.expected)
        unannounced = []
        for finding in found:
            match = next((each for each in wanted if each[0] == finding["severity"] and each[1] == finding["condition"]
                          and each[2] in finding["object"] and each[3] in finding["evidence"]), None)
            if match:
                wanted.remove(match)
            else:
                unannounced.append(finding)
        self.assertFalse(unannounced, f"{seed.description}: not announced")
        self.assertFalse(wanted, f"{seed.description}: not found; there was: {self.findings[seed.database]}")
    test.__doc__ = f"{seed.title}: {seed.description}"
    return test


for each_seed in SEEDS:
    setattr(ForesightTest, f"test_{each_seed.condition}__{each_seed.name}", judged(each_seed))


def print_table():
    """condition x (hit, near miss, absent): how many databases, and states of servers and applications, there are of each."""
    counts = Counter((seed.condition, seed.kind) for seed in SEEDS) + count_declared()
    print(f"{'condition':44} hit  near miss  absent")
    for condition in sorted({condition for condition, _ in counts}):
        hit, near_miss, absent = (counts[condition, kind] for kind in KINDS)
        print(f"{condition:44} {hit:3}  {near_miss:9}  {absent:6}")


if __name__ == "__main__":
    print_table()
