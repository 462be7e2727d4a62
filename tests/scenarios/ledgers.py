"""The proof that no acknowledged write is lost, doubled, or accepted by the wrong database: ledgers kept outside all databases.

Writers of all kinds write to an application's table while its database moves. `Ledgers.judge()` compares what they were
told with what the database holds that the application is bound to in the end, and when each server accepted something.
"""
import json
import os
import re
import subprocess
from collections import Counter
from typing import NamedTuple

import psycopg2

from tests.lab.check_ledger import read_acknowledged, read_environment

from .support import CHECKOUT, wait_for

STRAIGHT_WRITER = os.path.join(CHECKOUT, "tests", "lab", "straight_writer.py")


class Entry(NamedTuple):
    """The server of that major version accepted it at some instant between the two times."""
    entry: str
    sent: float
    acknowledged: float
    major: int


class Verdict(NamedTuple):
    acknowledged: int
    lost: list
    doubled: list
    both_writable: list

    def right(self):
        return not (self.lost or self.doubled or self.both_writable)


class Totals:
    """Over all scenarios of a module; printed by its tearDownModule."""

    def __init__(self):
        self.scenarios, self.counts = 0, Counter()

    def add(self, verdict):
        self.scenarios += 1
        self.counts.update({name: value if isinstance(value, int) else len(value) for name, value in verdict._asdict().items()})

    def show(self):
        count = self.counts
        print(f"\nledgers: {self.scenarios} scenarios, {count['acknowledged']} acknowledged, {count['lost']} lost, {count['doubled']} doubled, "
              f"{count['both_writable']} instants at which both databases accepted", flush=True)


def accepted_by_the_wrong_one(entries, old, new, came_back):
    """Those of the old server's entries that it can only have accepted after the new one had begun to accept, and before the
    new one's last when it all went back. An entry whose span reaches over such a moment may well have come in time."""
    of_new = [entry for entry in entries if entry.major == new]
    if not of_new:
        return []
    first, last = min(entry.acknowledged for entry in of_new), max(entry.sent for entry in of_new)
    return [entry for entry in entries if entry.major == old and entry.sent > first and (not came_back or entry.acknowledged < last)]


def verdict_on(promised, rows, entries, old, new, came_back):
    """`promised`: all that anybody was told is kept; `rows`: how often each entry is in the database that counts."""
    return Verdict(len(promised), sorted(entry for entry in promised if rows[entry] == 0), sorted(entry for entry in promised if rows[entry] > 1),
                   accepted_by_the_wrong_one(entries, old, new, came_back))


class StraightWriter:
    """A process that writes straight to a database; see tests/lab/straight_writer.py."""

    def __init__(self, laboratory, name, url, *options, **environment):
        self.laboratory, self.name = laboratory, name
        self.kept = os.path.join(laboratory.base, f"{name}.straight")
        self.process = subprocess.Popen(["/usr/bin/python3", STRAIGHT_WRITER, "--name", name, "--kept", self.kept, *options],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        env=laboratory.environment(STRAIGHT_URL=url, **environment))
        laboratory.writers.append(self)

    def lines(self):
        try:
            with open(self.kept, encoding="utf-8") as file:
                return [json.loads(line) for line in file.read().split("\n")[:-1]]
        except FileNotFoundError:
            return []

    def acknowledged(self):
        return [Entry(line["entry"], line["sent"], line["acknowledged"], line["major"]) for line in self.lines() if "acknowledged" in line]

    def failures(self):
        return [line for line in self.lines() if "failed" in line]

    def wait_for_more(self, count=5, seconds=20):
        before = len(self.acknowledged())
        wait_for(f"{count} more entries of {self.name}: {self.failures()[-1:]}", lambda: len(self.acknowledged()) >= before + count, seconds)

    def wait_for_refusal(self, pattern, seconds=20):
        """Until it was told something of the kind; returns the whole of it."""
        try:
            return wait_for(f"{self.name} to be told", lambda: next((line["error"] for line in self.failures() if re.search(pattern, line["error"])), None), seconds)
        except AssertionError as error:
            raise AssertionError(f"{self.name} was never told '{pattern}'; it was told {sorted({line['error'] for line in self.failures()})}") from error

    def stop(self):
        """Safe to call again."""
        if self in self.laboratory.writers:
            self.laboratory.writers.remove(self)
            self.process.terminate()
            said = [line for line in self.process.communicate(timeout=30)[1].splitlines() if line and not line.startswith("FATAL:  terminating connection")]
            if self.process.returncode != 0 or said:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}: {said}")


class Ledgers:
    """All ledgers of one application in one scenario."""

    def __init__(self, laboratory, application, old=13, new=15):
        self.laboratory, self.application, self.old, self.new = laboratory, application, old, new
        self.page, self.straight, self.others = [], {}, []  # `others`: entries that somebody else was told of
        # To the old database, as somebody keeps it who was not told that it moved.
        self.url = self.environment()["DATABASE_URL"]

    def environment(self):
        return read_environment(self.laboratory.path("apps", self.application, "env"))

    def start_page(self, rate=50):
        self.page.append(self.laboratory.start_writer(self.application, rate))
        return self.page[-1]

    def start(self, name, *options, url=None, **environment):
        """A straight writer; to the old database as the application's role unless told otherwise."""
        self.straight[name] = StraightWriter(self.laboratory, f"{self.application}.{name}", url or self.url, *options, **environment)
        return self.straight[name]

    def stop(self):
        for writer in [*self.page, *self.straight.values()]:
            writer.stop()

    def entries(self):
        found = self.others + [entry for writer in self.straight.values() for entry in writer.acknowledged()]
        for writer in self.page:
            with open(writer.moments, encoding="utf-8") as file:
                found += [Entry(**json.loads(line)) for line in file.read().split("\n")[:-1]]
        return found

    def rows(self):
        """How often each entry is in the database that the application is bound to now."""
        connection = psycopg2.connect(self.environment()["DATABASE_URL"], connect_timeout=5, application_name="ledgers")
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT entry FROM ledger")
                return Counter(entry for (entry,) in cursor.fetchall())
        finally:
            connection.close()

    def judge(self, totals, came_back=False):
        """Stops all writers. `came_back`: the application was on the new database, and is bound to the old one again."""
        self.stop()
        entries, rows = self.entries(), self.rows()
        # The application's own ledger also holds what nobody asked it for, such as entries that it writes when it starts.
        promised = {entry.entry for entry in entries} | {entry for _, entry in read_acknowledged(self.environment()["LEDGER_FILE"])}
        verdict = verdict_on(promised, rows, entries, self.old, self.new, came_back)
        totals.add(verdict)
        return verdict
