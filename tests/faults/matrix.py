#!/usr/bin/python3
"""The crash matrix: pgconvoy is ended, refused and lied to at every effect of a move, then goes on.

The points are not written down anywhere: a track is carried out once without faults, its effects are counted, and each
gets its ends (before, after, while a program runs) and its errors (refused once, refused whenever it is tried, answer
lost). After an end, `resume` goes on; in the second round that resume is ended too, at a random effect of its own.
Then the target has succeeded or is as it was before, or is stuck, says why, and is led out; and no write that anybody
acknowledged is lost, twice or in a database that nobody is bound to.

  python3 -m tests.faults.matrix [--track NAME ...] [--order exit|second|error|all] [--sample N] [--seed N] [--list]
"""
import argparse
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.faults.place import EXIT_OF_FAULT, Place
from tests.scenarios.support import RUNBOOK, Laboratory

# Its index keeps a compressed entry; the new one can't: the restore fails, before the pivot.
NOT_REBUILDABLE = (
    "CREATE TABLE not_rebuildable (id serial PRIMARY KEY, bar text)", "CREATE INDEX ON not_rebuildable (bar)",
    "INSERT INTO not_rebuildable (bar) VALUES (repeat('abc', 1012))", "ALTER TABLE not_rebuildable ALTER bar SET STORAGE external")
# A subscription, disabled, of a publisher that is gone: the dump carries it, and its database can't just be dropped.
SUBSCRIPTION = (
    "CREATE SUBSCRIPTION from_elsewhere CONNECTION 'host=127.0.0.1 port=1 dbname=gone' PUBLICATION everything "
    "WITH (connect = false, slot_name = NONE)",)


@dataclass
class Track:
    """What is done, in commands; the last of them meets the faults."""
    name: str
    commands: list
    ends: str  # how it ends without faults
    laboratory: dict = field(default_factory=dict)
    target: str = "shop-live"
    breaking: tuple = ()
    fail_health: bool = False
    settings: tuple = ()
    options: tuple = ()
    moves: bool = True  # False: also when it succeeds everything is as before
    before: str = ""  # a fault at its effects makes the first command stop there: "exit-before@60%"

    def points_command(self):
        return self.commands[-1]


RUN = ["run"]
REHEARSE = ["rehearse"]
TRACKS = [
    Track("move", [RUN], "succeeded"),
    Track("undo", [RUN], "rolled_back", breaking=NOT_REBUILDABLE),
    Track("reverse", [RUN], "rolled_back", fail_health=True, breaking=SUBSCRIPTION),
    Track("resume", [RUN, ["resume"]], "succeeded", before="exit-before@55%"),
    Track("rollback", [RUN, ["rollback", "r1", "--yes"]], "rolled_back"),
    Track("cleanup", [RUN, ["cleanup"]], "succeeded", breaking=SUBSCRIPTION, settings=("retention=1s",)),
    Track("pooler", [RUN], "succeeded", laboratory={"pooler": True}),
    Track("short_pause", [RUN], "succeeded", options=("--way", "short-pause")),
    Track("short_pause_undo", [RUN], "rolled_back", options=("--way", "short-pause"), breaking=NOT_REBUILDABLE),
    Track("late_backup", [RUN], "succeeded", options=("--way", "short-pause"), settings=("backup=after-pivot",)),
    Track("late_verification", [RUN], "succeeded", options=("--way", "short-pause"), settings=("verify=snapshot",)),
    Track("rehearse", [REHEARSE], "succeeded", moves=False),
    Track("several", [RUN], "succeeded", laboratory={"shared": True}, target="trio-live"),
]


@dataclass
class Point:
    track: Track
    number: int
    act: str
    kind: str
    what: str
    second: int = 0  # the effect of the resume at which that is ended as well

    def fault(self):
        return f"{self.act.rstrip('*')}@{self.number}{'*' if self.act.endswith('*') else ''}"

    def __str__(self):
        again = f", and its resume at {self.second}" if self.second else ""
        return f"{self.track.name} {self.fault()}{again} ({self.kind}: {self.what[:70]})"


@dataclass
class Totals:
    points: int = 0
    succeeded: int = 0
    rolled_back: int = 0
    untouched: int = 0
    stuck: list = field(default_factory=list)
    lost: list = field(default_factory=list)
    broken: list = field(default_factory=list)
    acknowledged: int = 0
    doubled: int = 0
    both: int = 0

    def add(self, other):
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def text(self):
        survived = self.succeeded + self.rolled_back + self.untouched
        lines = [f"points {self.points}, survived {survived} ({self.succeeded} succeeded, {self.rolled_back} rolled back, {self.untouched} never begun), "
                 f"stuck and led out {len(self.stuck)}, lost {len(self.lost)}, broken {len(self.broken)}",
                 f"ledger: {self.acknowledged} acknowledged, {sum(count for _, count in self.lost)} lost, {self.doubled} doubled, {self.both} accepted by both"]
        lines += [f"  stuck: {text}" for text in self.stuck]
        lines += [f"  LOST: {text}: {count}" for text, count in self.lost]
        lines += [f"  BROKEN: {text}" for text in self.broken]
        return "\n".join(lines)

    def outcome(self):
        """Of a single point."""
        if self.stuck:
            return "stuck and led out"
        return "succeeded" if self.succeeded else "rolled back" if self.rolled_back else "never begun"

    def good(self):
        return self.points > 0 and not (self.lost or self.broken or self.doubled or self.both)


class Journey:
    """One place, the points of one track."""

    def __init__(self, track, place):
        self.track, self.place = track, place

    def arguments(self, command):
        if command == REHEARSE:
            return ["rehearse", "-f", self.place.lab.fleet, "--runbook", RUNBOOK, "--limit", self.track.target, "--yes"]
        if command != RUN:
            return command
        settings = [text for setting in self.track.settings for text in ("--set", setting)]
        runbook = self.place.lab.edited_runbook(redeploy="{health_timeout: 2s}") if self.track.fail_health else RUNBOOK
        # What check would have found, so that the restore fails.
        unchecked = ["--no-check", "the restore is meant to fail"] if self.track.breaking is NOT_REBUILDABLE else []
        return ["run", "-f", self.place.lab.fleet, "--runbook", runbook, "--limit", self.track.target, *settings, *self.track.options, *unchecked, "--yes"]

    def begin(self):
        """Up to the command whose effects are met by faults."""
        place = self.place
        place.reset(self.track.fail_health, self.track.breaking)
        place.start_writers()
        for command in self.track.commands[:-1]:
            if self.track.before:
                act, share = self.track.before.split("@")
                place.run(*self.arguments(command), faults=f"{act}@{self.effects_of_first * int(share[:-1]) // 100}", log=place.kept("first"))
                continue
            if self.track.name == "rollback":
                # What was written after the pivot would rightly keep it from going back.
                place.rest_writers()
            done = place.run(*self.arguments(command))
            if done.returncode != 0:
                raise AssertionError(f"{self.track.name}: {command} without faults: {done.stdout}{done.stderr}")
        if self.track.name == "cleanup":
            time.sleep(1.2)

    def effects(self):
        """(kind, what) of every effect, in order, of the last command without faults."""
        self.effects_of_first = 0
        if self.track.before:
            self.place.reset(self.track.fail_health, self.track.breaking)
            self.effects_of_first = len(self.logged(self.track.commands[0])[1])
        self.begin()
        done, logged = self.logged(self.track.points_command())
        if self.place.state() != self.track.ends:
            raise AssertionError(f"{self.track.name} ends in {self.place.state()} without faults:\n{done.stdout}{done.stderr}")
        self.place.stop_writers()
        problems = self.problems(self.track.ends)
        if problems:
            raise AssertionError(f"{self.track.name} without faults: {problems}")
        return logged

    def problems(self, state):
        if self.track.moves:
            return self.place.problems(state, old_is_dropped=self.track.name == "cleanup")
        left = [name for _, _, names in os.walk(self.place.lab.backups) for name in names]
        return self.place.problems("rolled_back") + [f"left of a rehearsal: {name}" for name in left]

    def logged(self, command):
        log = self.place.kept("effects")
        done = self.place.run(*self.arguments(command), log=log)
        with open(log, encoding="utf-8") as file:
            return done, [tuple(line.rstrip("\n").split(" ", 2)[1:]) for line in file]

    def go(self, point):
        """Totals of this one point."""
        totals = Totals(points=1)
        place = self.place
        self.begin()
        place.failing_health = self.track.fail_health
        forgotten = place.writers[1]
        said = []

        def call(*arguments, **more):
            done = place.run(*arguments, **more)
            said.append(f"$ {' '.join(arguments[:3])} {more.get('faults', '')}: exit {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
            return done
        done = call(*self.arguments(point.track.points_command()), faults=point.fault(), log=place.kept("faults"))
        if point.act.startswith("exit") and done.returncode != EXIT_OF_FAULT:
            # Numbers shift a little from run to run (time-dependent looks at servers); an effect past the end is none.
            said.append("the fault was not met")
        if done.returncode not in (0, 1, 2, 3, 4, EXIT_OF_FAULT):
            totals.broken.append(f"{point}: exit code {done.returncode}\n" + "\n".join(said))
        if point.second:
            call("resume", faults=f"exit-before@{point.second}", log=place.kept("second"))
        stuck = self.lead_out(call)
        if stuck:
            totals.stuck.append(f"{point}: {stuck}")
        state = place.state()
        place.stop_writers()
        if state == "succeeded":
            totals.succeeded += not stuck
        elif state == "rolled_back":
            totals.rolled_back += not stuck
        elif state in (None, "skipped", "pending"):
            totals.untouched += not stuck
        else:
            totals.broken.append(f"{point}: ends in {state}\n" + "\n".join(said))
            return totals
        problems = self.problems(state)
        ledger = place.ledger()
        totals.acknowledged += ledger["acknowledged"]
        totals.doubled += len(ledger["twice"])
        missing = len(ledger["lost"]) + len(ledger["renumbered"])
        if missing:
            totals.lost.append((f"{point} ({state})", missing))
        pivoted = place.pivoted_at()
        if not self.track.moves and pivoted:
            problems.append("a rehearsal pivoted")
        if state == "succeeded" and pivoted and forgotten.last_acknowledged and forgotten.last_acknowledged > pivoted:
            totals.both += 1
            problems.append(f"the old database took an entry {forgotten.last_acknowledged - pivoted:.3f} s after the pivot")
        refused = any(text in forgotten.last_error for text in ("does not exist", "not currently accepting"))
        if self.track.moves and state == "succeeded" and forgotten.active.is_set() and not refused:
            problems.append(f"a client of the old URL was told: {forgotten.last_error!r}")
        if problems:
            totals.broken.append(f"{point} ({state}): " + "; ".join(problems) + "\n" + "\n".join(said))
        return totals

    def lead_out(self, call):
        """Until the target has ended. Why it was stuck in between, or ""."""
        stuck = ""
        if self.track.name == "cleanup":
            call("cleanup")
        for _ in range(4):
            state = self.place.state()
            if state in ("running", "rolling_back"):
                call("resume")
            elif state == "stuck":
                stuck = self.place.reason()
                # Forward where the application can be healthy, back where it can't.
                way = ["rollback", "r1", self.track.target, "--yes"] if self.track.ends == "rolled_back" else ["retry", "r1", self.track.target]
                call(*way)
            elif state in (None, "pending") and self.place.lab.journal.rows("SELECT 1 FROM runs WHERE state <> 'planned'"):
                call("resume")
            else:
                break
        return stuck


def points_of(track, effects, order, dice):
    points = []
    for number, (kind, what) in enumerate(effects, 1):
        exits = ["exit-before", "exit-after"] + (["exit-during"] if kind == "program" else [])
        if order in ("exit", "all"):
            points += [Point(track, number, act, kind, what) for act in exits]
        if order in ("second", "all"):
            points += [Point(track, number, act, kind, what, dice.randint(2, 30)) for act in exits]
        if order in ("error", "all"):
            points += [Point(track, number, act, kind, what) for act in ("refuse", "refuse*", "lose")]
    return points


def carry_out(track, place, options):
    """(points there are, Totals) of a track."""
    dice = random.Random(f"{options.seed}-{track.name}")
    totals = Totals()
    journey = Journey(track, place)
    points = points_of(track, journey.effects(), options.order, dice)
    if options.list:
        print("\n".join(map(str, points)))
        return len(points), totals
    for point in points if options.sample is None else dice.sample(points, min(options.sample, len(points))):
        begun = time.monotonic()
        one = journey.go(point)
        totals.add(one)
        if options.verbose or not one.good():
            print(f"{'' if one.good() else 'BAD '}{point}: {one.outcome()}, {time.monotonic() - begun:.1f} s", flush=True)
        if not one.good():
            print(one.text(), flush=True)
    return len(points), totals


def carry_out_together(tracks, options):
    """The same of tracks that take place in the same laboratory."""
    count, totals = 0, Totals()
    with Laboratory(**{"regions": 1, "databases": 1, "apps": 1, "seed": 3, **tracks[0].laboratory}) as laboratory:
        place = Place(laboratory, tracks[0].target)
        for track in tracks:
            points, one = carry_out(track, place, options)
            count += points
            totals.add(one)
    return count, totals


def matrix(options):
    """(points there are, Totals) over the tracks."""
    laboratories = {}
    for track in TRACKS:
        if not options.track or track.name in options.track:
            laboratories.setdefault((track.target, *track.laboratory), []).append(track)
    all_points, totals = 0, Totals()
    with ThreadPoolExecutor(options.workers) as pool:
        for count, one in pool.map(lambda tracks: carry_out_together(tracks, options), laboratories.values()):
            all_points += count
            totals.add(one)
    return all_points, totals


def options_from(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--track", action="append", choices=[track.name for track in TRACKS])
    parser.add_argument("--order", choices=["exit", "second", "error", "all"], default="all")
    parser.add_argument("--sample", type=int, help="so many points of each track (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="laboratories at a time")
    parser.add_argument("--list", action="store_true", help="only list the points")
    parser.add_argument("--quiet", dest="verbose", action="store_false")
    return parser.parse_args(arguments)


def main():
    options = options_from(None)
    begun = time.monotonic()
    count, totals = matrix(options)
    if options.list:
        print(f"{count} points")
        return 0
    print(f"{count} points exist; seed {options.seed}, {time.monotonic() - begun:.0f} s\n{totals.text()}")
    return 0 if totals.good() else 1


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    sys.exit(main())
