#!/usr/bin/python3
"""Writes to an application's ledger straight at the database, past its page and past whoever stops the application.

  STRAIGHT_URL=postgresql://... straight_writer.py --name worker --kept FILE [--rate 50] [--reconnect] [--transaction FILE]

FILE gets a line of JSON for each entry: {"entry", "sent", "acknowledged", "major"} when it was acknowledged, by which server's
major version; otherwise {"entry", "sent", "failed", "error", "sqlstate", "unknown"}: unknown when it may be in the database all the
same. Times are of the machine's monotonic clock. An entry that failed is not written again. The address is in the environment since it may hold a password.

--reconnect          a connection for each entry, as clients do that lost theirs
--connections N      so many of those at once
--transaction FILE   first a transaction that is open, idle, with an entry in it, until FILE exists, and is committed then
SIGTERM or SIGINT ends it.
"""
import argparse
import json
import os
import select
import signal
import sys
import threading
import time

import psycopg2

INSERT = "INSERT INTO ledger (entry) VALUES (%s) RETURNING current_setting('server_version_num')::integer / 10000"


class Writer:
    def __init__(self, options, name, kept, stopping):
        self.options, self.name, self.kept, self.stopping = options, name, kept, stopping
        self.connection, self.number = None, 0

    def connect(self):
        self.connection = psycopg2.connect(os.environ["STRAIGHT_URL"], connect_timeout=10, application_name=self.name)
        self.connection.autocommit = True

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def keep(self, **line):
        # One write of one line: several threads do not mix.
        os.write(self.kept, (json.dumps(line) + "\n").encode())

    def attempt(self, work):
        """work(cursor) returns the major version once the entry is committed."""
        self.number += 1
        entry, sent, begun = f"{self.name}-{self.number}", time.monotonic(), False
        try:
            if self.connection is None:
                self.connect()
            with self.connection.cursor() as cursor:
                begun = True
                major = work(cursor, entry)
            self.keep(entry=entry, sent=sent, acknowledged=time.monotonic(), major=major)
        except psycopg2.Error as error:
            # PostgreSQL said no, or it was never asked: then it isn't there. A session that was ended says nothing.
            self.keep(entry=entry, sent=sent, failed=time.monotonic(), error=str(error).strip(), sqlstate=error.pgcode,
                      unknown=begun and (error.pgcode or "57P").startswith("57P"))
            self.close()
            self.stopping.wait(0.02)

    def insert(self, cursor, entry):
        cursor.execute(INSERT, (entry,))
        return cursor.fetchone()[0]

    def held_open(self, cursor, entry):
        cursor.execute("BEGIN")
        major = self.insert(cursor, entry)
        while not os.path.exists(self.options.transaction) and not self.stopping.is_set():
            # What comes unasked is that the session was ended; then the commit finds out.
            if select.select([self.connection], [], [], 0.01)[0]:
                break
        cursor.execute("COMMIT")
        return major

    def run(self):
        if self.options.transaction:
            self.attempt(self.held_open)
        while not self.stopping.is_set():
            self.attempt(self.insert)
            if self.options.reconnect:
                self.close()
            self.stopping.wait(1 / self.options.rate)
        self.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--name", required=True, help="prefix of its entries, unlike any other writer's")
    arguments.add_argument("--kept", required=True, metavar="FILE")
    arguments.add_argument("--rate", type=float, default=50.0, help="entries a second and connection (default 50)")
    arguments.add_argument("--reconnect", action="store_true")
    arguments.add_argument("--connections", type=int, default=1)
    arguments.add_argument("--transaction", metavar="FILE")
    options = arguments.parse_args()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    kept = os.open(options.kept, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    names = [options.name] if options.connections == 1 else [f"{options.name}{place}" for place in range(1, options.connections + 1)]
    threads = [threading.Thread(target=Writer(options, name, kept, stopping).run) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
