"""Three workers as separate hosts: network namespaces with a way to the journal and another one to the servers, each of which can
be cut as a cable is. Every target is done exactly once, no more at a time than allowed, and no acknowledged entry is lost."""
import contextlib
import os
import subprocess
import unittest
from collections import Counter

import yaml

from .journal_server import JournalServer, Line
from .ledgers import StraightWriter
from .support import wait_for
from .workers_test import WorkersTest

JOURNAL, SERVERS = "198.18.61.1", "198.19.61.1"  # of this host, on networks that are kept for tests like this one (RFC 2544)
HOSTS = 3


class Network:
    """Made when it is entered and removed when it is left, also in part. Its errors say what wasn't permitted."""

    def __init__(self):
        self.tag = f"{os.getpid() % 10000:04d}"
        self.bridges = {"j": (f"pgcj{self.tag}", JOURNAL), "s": (f"pgcs{self.tag}", SERVERS)}

    @staticmethod
    def ip(*arguments, check=True):
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise AssertionError(f"NOT RUN: this machine doesn't permit `ip {' '.join(arguments)}`, hosts can't be told apart here: {done.stderr.strip()}")

    def namespace(self, host):
        return f"pgconvoy-{self.tag}-{host}"

    def cable(self, way, host):
        return f"pgc{way}{self.tag}{host}"

    def __enter__(self):
        try:
            for way, (bridge, address) in self.bridges.items():
                self.ip("link", "add", bridge, "type", "bridge")
                self.ip("address", "add", f"{address}/24", "dev", bridge)
                self.ip("link", "set", bridge, "up")
            for host in range(HOSTS):
                namespace = self.namespace(host)
                self.ip("netns", "add", namespace)
                self.ip("-n", namespace, "link", "set", "lo", "up")
                for way, (bridge, address) in self.bridges.items():
                    cable = self.cable(way, host)
                    self.ip("link", "add", cable, "type", "veth", "peer", "name", way, "netns", namespace)
                    self.ip("link", "set", cable, "master", bridge, "up")
                    self.ip("-n", namespace, "address", "add", f"{address.rsplit('.', 1)[0]}.{10 + host}/24", "dev", way)
                    self.ip("-n", namespace, "link", "set", way, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for host in range(HOSTS):
            self.ip("netns", "delete", self.namespace(host), check=False)
            for way in self.bridges:
                self.ip("link", "delete", self.cable(way, host), check=False)
        for bridge, _ in self.bridges.values():
            self.ip("link", "delete", bridge, check=False)

    def cut(self, way, host):
        """Nothing comes through any more, and nobody is told."""
        self.ip("link", "set", self.cable(way, host), "down")

    def mend(self, way, host):
        self.ip("link", "set", self.cable(way, host), "up")


class HostsTest(WorkersTest):
    laboratory_options = {"regions": 2, "databases": 8, "apps": 0, "seed": 85}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network = cls.enterClassContext(Network())
        cls.enterClassContext(Line(cls.server.port, JOURNAL, cls.server.port))
        for each in cls.lab.record["servers"].values():
            cls.enterClassContext(Line(each["port"], SERVERS, each["port"]))

    def write_fleet(self):
        """As it is from all hosts."""
        lab, fleet = self.lab, self.read_fleet()
        with open(lab.path("secrets", "admin.passfile"), encoding="utf-8") as file:
            everywhere = "".join(":".join(["*", "*", *line.split(":")[2:]]) for line in file)
        passfile = lab.file("everywhere.passfile", everywhere)
        os.chmod(passfile, 0o600)
        for server in fleet["servers"].values():
            server["url"] = server["url"].replace("127.0.0.1", SERVERS)
            server["password"] = {"passfile": passfile}
        return lab.file("hosts.yaml", yaml.safe_dump(fleet))

    def on_host(self, host):
        return self.worker(url=self.server.url(host=JOURNAL), wrapper=("ip", "netns", "exec", self.network.namespace(host)))

    def writers(self):
        """On databases with plain names, straight at the old server."""
        started = {}
        for each in self.lab.record["databases"]:
            if len(started) < 4 and each["database"].replace("_", "").isalnum():
                name = each["environment"]
                self.lab.psql(each["server"], "CREATE TABLE public.ledger (entry text)", each["database"])
                started[name] = StraightWriter(self.lab, name, self.lab.url(each["server"], each["database"]), "--rate", "20")
        return started

    def assert_ledgers_complete(self, writers):
        kept = 0
        for name, writer in writers.items():
            writer.stop()
            each = self.lab.database_of(name)
            rows = Counter(self.lab.psql(each["server"].replace("pg13", "pg15"), "SELECT entry FROM public.ledger", each["database"]))
            entries = writer.acknowledged()
            self.assertGreater(len(entries), 5)
            self.assertEqual([entry.entry for entry in entries if rows[entry.entry] != 1], [], name)
            kept += len(entries)
        print(f"\nthree hosts: {kept} entries acknowledged before the fences, none lost", flush=True)

    def restoring(self, pid):
        """Targets of that process whose restore is under way."""
        return [target for (target,) in self.server.rows(
            "SELECT s.target FROM pgconvoy.steps s JOIN pgconvoy.leases l USING (run, target) WHERE s.status = 'started' "
            "AND s.path LIKE '%%/restore_backup%%' AND l.pid = %s AND l.until > clock_timestamp()", pid)]

    def epochs(self, run, targets):
        return dict(self.server.rows("SELECT number, epoch FROM pgconvoy.targets WHERE run = %s AND number = ANY(%s)", run, targets))

    def test_cut_off_from_the_journal_and_from_the_servers(self):
        for each in self.lab.record["databases"]:
            self.lab.make_slow(each["environment"], 3)
        writers = self.writers()
        for writer in writers.values():
            writer.wait_for_more()
        run = self.begin("-f", self.write_fleet(), "--max-failures", "3")
        with self.on_host(0) as first, self.on_host(1) as second, self.on_host(2) as third:
            # The first one can't reach the journal, but the servers; its cable is put in again when others have what it had.
            held = wait_for("a restore of the first host", lambda: self.restoring(first.process.pid), seconds=60, every=0)
            before = self.epochs(run, held)
            self.network.cut("j", 0)
            cut_at = self.server.rows("SELECT max(sequence) FROM pgconvoy.events")[0][0]
            wait_for("its targets to be taken over", lambda: all(epoch > before[target] for target, epoch in self.epochs(run, held).items()), seconds=60)
            taken_over_at = self.server.rows("SELECT max(sequence) FROM pgconvoy.events")[0][0]
            # The second one can't reach the servers, but the journal: it goes on saying that it lives, and gets nowhere.
            lost = wait_for("a restore of the second host", lambda: self.restoring(second.process.pid), seconds=60, every=0)
            lost_before = self.epochs(run, lost)
            self.network.cut("s", 1)
            self.network.mend("j", 0)
            wait_for("what the second host had to be done by others", lambda: all(
                epoch > lost_before[target] for target, epoch in self.epochs(run, lost).items()), seconds=180, every=0.1)
            self.network.mend("s", 1)
            wait_for("the end of the run", lambda: self.ended(run), seconds=180, every=0.1)
            outputs = [self.finish(each) for each in (first, second, third)]
        late = [event for event in self.server.events(run) if event[0] > taken_over_at and event[1] in before and event[3] <= before[event[1]] and event[1] in held]
        self.assertEqual(late, [], outputs)
        self.assertGreater(taken_over_at, cut_at)
        # What the second one had already begun to take back was taken back to its end by others, and only that.
        undone = self.server.rows("SELECT number, id FROM pgconvoy.targets WHERE run = %s AND state = 'rolled_back'", run)
        self.assertLessEqual({number for number, _ in undone}, set(lost))
        for _, target in undone:
            self.assert_exit(self.run_on("retry", f"r{run}", target), 0)
        self.assert_each_done_once(run)
        self.assert_databases_moved()
        self.assert_ledgers_complete(writers)


if __name__ == "__main__":
    unittest.main()
