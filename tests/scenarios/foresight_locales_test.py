"""Servers whose libc differs, as those of two releases of a system do: each finds its locales in a directory of its own."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

from .foresight_cases import shows
from .foresight_test import Seed, Seeds
from .support import Laboratory, RUNBOOK

SORTS, AVAILABLE = "collations_sort_alike", "encoding_and_locale_available"
ENGLISH, SWEDISH, GERMAN = "en_US.utf8", "sv_SE.utf8", "de_DE.utf8"
# Estonian sorts z before t: it is what the new server takes for English.
OLD = {ENGLISH: "en_US", SWEDISH: "en_US", GERMAN: "en_US"}
NEW = {ENGLISH: "et_EE", GERMAN: "en_US"}
LATER = {ENGLISH: "en_US", SWEDISH: "et_EE"}
IN = "template=template0 lc_collate='{0}' lc_ctype='{0}'"
WORDS = "CREATE TABLE words (word text{}); CREATE INDEX ON words (word); INSERT INTO words VALUES ('taxi'), ('zebra');"
PARTED = """CREATE TABLE parted (word text COLLATE "en_US.utf8") PARTITION BY RANGE (word);
            CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (MINVALUE) TO ('t');
            CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('t') TO ({});
            INSERT INTO parted VALUES ('apple'), ('zebra');"""
SEEDS = {name: Seed("", name, number, settings=settings, parts=[("owner", sql)]) for number, (name, settings, sql) in enumerate([
    ("indexed", "", WORDS.format(' COLLATE "en_US.utf8"')),
    ("crossed", "", PARTED.format("MAXVALUE")),
    ("reordered", "", PARTED.format("'zz'")),
    ("icu", "", WORDS.format(' COLLATE "en-US-x-icu"')),
    ("bytes", IN.format("C"), WORDS.format("")),
    ("spelled", IN.format("de_DE.UTF-8"), WORDS.format("")),
    ("swedish", IN.format(SWEDISH), WORDS.format("")),
], 1)}


def compile_orders(base):
    """Two orders, each under the name of its source; what is made of them differs in names alone."""
    def one(language):
        subprocess.run(["localedef", "-c", "-i", language, "-f", "UTF-8", os.path.join(base, language)], check=True, capture_output=True)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, ("en_US", "et_EE")))


def install(base, directory, locales):
    """Into a directory that LOCPATH names: locales, and the order that each has there."""
    for name, language in locales.items():
        shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
        shutil.copytree(os.path.join(base, language), os.path.join(directory, name))


class ForesightLocalesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        base = tempfile.mkdtemp(prefix="pgconvoy-locales-")
        cls.addClassCleanup(shutil.rmtree, base)
        os.chmod(base, 0o755)
        compile_orders(base)
        old, new = os.path.join(base, "old"), os.path.join(base, "new")
        install(base, old, OLD)
        install(base, new, NEW)
        cls.lab = lab = cls.enterClassContext(Laboratory(databases=1, apps=0, seed=54, old_locales=old, new_locales=new))
        made = Seeds(lab, list(SEEDS.values()))
        made.make_all()
        cls.old, cls.new, cls.fleet = made.old, made.new, made.fleet()
        cls.apart = cls.check(*SEEDS)
        (said,) = [each["evidence"] for each in cls.apart["indexed"] if each["condition"] == SORTS]
        first, second = re.search("'(.*)' before '(.*)' on ", said).groups()
        cls.sorted = {server: lab.psql(server, f"""SELECT '{first}' < '{second}' COLLATE "{ENGLISH}" """) for server in (cls.old, cls.new)}
        cls.restored = {name: cls.restore(SEEDS[name]) for name in ("crossed", "reordered", "spelled", "swedish")}
        # As the findings say: the same English on both, and a Swedish there, which happens to sort otherwise.
        install(base, new, LATER)
        lab.lab("server", "stop", cls.new)
        lab.lab("server", "start", cls.new)
        lab.psql(cls.new, "SELECT pg_import_system_collations('pg_catalog')")
        cls.alike = cls.check("indexed", "crossed", "reordered", "swedish")

    @classmethod
    def check(cls, *names):
        """name -> findings."""
        databases = {SEEDS[name].database: name for name in names}
        answer = cls.lab.json("check", "-f", cls.fleet, "--runbook", RUNBOOK, *[text for database in databases for text in ("--limit", database)])
        return {databases[target["id"]]: target["findings"] for target in answer["targets"]}

    @classmethod
    def restore(cls, seed):
        """What a move without checks meets: errors of CREATE DATABASE, or of the restore into it."""
        database = f"restored_{seed.number}"
        made = cls.client("psql", cls.new, "-X", "-q", "-d", "postgres", "-c", f"CREATE DATABASE {database} {seed.settings}")
        if made.returncode != 0:
            return made.stderr
        dump = cls.client("pg_dump", cls.old, "--no-owner", seed.database)
        return dump.stderr + cls.client("psql", cls.new, "-X", "-q", "-d", database, input=dump.stdout).stderr

    @classmethod
    def client(cls, program, server, *arguments, **options):
        port = str(cls.lab.record["servers"][server]["port"])
        return subprocess.run([program, "-h", "127.0.0.1", "-p", port, "-U", "postgres", *arguments], capture_output=True, text=True, check=False,
                              env=cls.lab.environment(), **options)

    @shows(SORTS, "hit", ("warn", ENGLISH, "strings otherwise: "))
    def test_an_index_by_a_language_that_sorts_otherwise(self):
        self.assertEqual({self.old: ["t"], self.new: ["f"]}, self.sorted)
        return self.apart["indexed"]

    @shows(SORTS, "hit", ("block", ENGLISH, "partitioned by ranges of it: public.parted", "strings are on the other side of a partition's bound"))
    def test_a_row_that_is_on_the_other_side_of_a_bound(self):
        self.assertIn("violates partition constraint", self.restored["crossed"])
        return self.apart["crossed"]

    @shows(SORTS, "hit", ("block", ENGLISH, "partitioned by ranges of it: public.parted", "bounds of partitions are the other way round"))
    def test_bounds_that_are_the_other_way_round(self):
        self.assertIn("empty range bound specified for partition", self.restored["reordered"])
        return self.apart["reordered"]

    @shows(SORTS, "near_miss")
    def test_one_locale_under_two_spellings_sorts_alike(self):
        self.assertEqual("", self.restored["spelled"])
        return self.apart["spelled"]

    @shows(SORTS, "near_miss")
    def test_icu_does_not_ask_libc(self):
        return self.apart["icu"]

    @shows(SORTS, "near_miss")
    def test_both_servers_with_the_same_locales(self):
        return self.alike["indexed"]

    @shows(SORTS, "near_miss")
    def test_bounds_on_servers_with_the_same_locales(self):
        return self.alike["crossed"] + self.alike["reordered"]

    @shows(SORTS, "absent")
    def test_bytes_sort_alike(self):
        return self.apart["bytes"]

    @shows(AVAILABLE, "hit", ("block", SEEDS["swedish"].database, f"LC_COLLATE is \"{SWEDISH}\""))
    def test_a_locale_that_only_the_old_server_has(self):
        self.assertIn(f'invalid locale name: "{SWEDISH}"', self.restored["swedish"])
        return self.apart["swedish"]

    @shows(AVAILABLE, "near_miss")
    def test_a_locale_that_is_spelled_otherwise(self):
        return self.apart["spelled"]

    @shows(AVAILABLE, "near_miss")
    def test_a_locale_that_was_made_and_imported_as_the_finding_says(self):
        return self.alike["swedish"]

    @shows(SORTS, "hit", ("warn", "default collation", f"libc {SWEDISH} sorts"))
    def test_a_locale_that_was_imported_and_sorts_otherwise(self):
        return self.alike["swedish"]

    @shows(AVAILABLE, "absent")
    def test_every_server_has_bytes(self):
        return self.apart["bytes"]


if __name__ == "__main__":
    unittest.main()
