#!/usr/bin/python3
"""Writes to a database all the time, in every way that an application does, and tells what it noticed of its neighbours.

  neighbour.py --port 5433 --database neighbour --role family     (passwords from PGPASSFILE)

Four writers: one session in autocommit, one with transactions that stay open for a while, one that logs in anew for each
entry, and one that does so as another member of the role. The database gets a table `kept`. SIGTERM or SIGINT ends it; it
then reads everything back and prints one line of JSON: for each writer the entries that were acknowledged, the errors, how
many entries are lost, and the longest time between two acknowledgements.
"""
import argparse
import json
import signal
import sys
import threading
import time

import psycopg2

CREATE = "CREATE TABLE IF NOT EXISTS kept (writer text, number bigint, PRIMARY KEY (writer, number))"
INSERT = "INSERT INTO kept VALUES (%s, %s)"


class Writer(threading.Thread):
    def __init__(self, name, options, role, pace, stopping):
        super().__init__(name=name)
        self.options, self.role, self.pace, self.stopping = options, role, pace, stopping
        self.next, self.acknowledged, self.errors, self.last, self.longest_gap = 1, [], [], None, 0.0

    def connect(self):
        connection = psycopg2.connect(host="127.0.0.1", port=self.options.port, dbname=self.options.database, user=self.role,
                                      connect_timeout=10, application_name=f"neighbour {self.name}")
        connection.autocommit = True
        return connection

    def insert(self, cursor):
        number, self.next = self.next, self.next + 1
        cursor.execute(INSERT, (self.name, number))
        return number

    def keep(self, *numbers):
        now = time.monotonic()
        if self.last is not None:
            self.longest_gap = max(self.longest_gap, now - self.last)
        self.last = now
        self.acknowledged += numbers

    def run(self):
        while not self.stopping.is_set():
            try:
                connection = self.connect()
                try:
                    self.write(connection)
                finally:
                    connection.close()
            except psycopg2.Error as error:
                self.errors.append(str(error).strip())
                self.stopping.wait(0.05)

    def write(self, connection):
        """As long as this session is to last."""
        with connection.cursor() as cursor:
            while not self.stopping.is_set():
                self.keep(self.insert(cursor))
                self.stopping.wait(self.pace)


class Transactions(Writer):
    """Three entries a transaction, which is open for as long as they take."""

    def write(self, connection):
        connection.autocommit = False
        with connection.cursor() as cursor:
            while not self.stopping.is_set():
                numbers = []
                for _ in range(3):
                    numbers.append(self.insert(cursor))
                    self.stopping.wait(self.pace)
                connection.commit()
                self.keep(*numbers)


class Logins(Writer):
    """A login for each entry."""

    def write(self, connection):
        with connection.cursor() as cursor:
            self.keep(self.insert(cursor))
        self.stopping.wait(self.pace)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--database", required=True)
    arguments.add_argument("--role", required=True, help="the database's owner")
    arguments.add_argument("--member", help="a login that is a member of it (default: none)")
    arguments.add_argument("--ready", metavar="FILE", help="made when every writer has written")
    options = arguments.parse_args()

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    writers = [Writer("autocommit", options, options.role, 0.03, stopping), Transactions("transactions", options, options.role, 0.1, stopping),
               Logins("logins", options, options.role, 0.1, stopping)]
    if options.member:
        writers.append(Logins("member", options, options.member, 0.2, stopping))
    started = time.monotonic()
    with writers[0].connect() as connection, connection.cursor() as cursor:
        cursor.execute(CREATE)
    for writer in writers:
        writer.start()
    while not stopping.is_set():
        if options.ready and all(writer.acknowledged for writer in writers):
            with open(options.ready, "w", encoding="utf-8"):
                options.ready = None
        stopping.wait(0.05)
    for writer in writers:
        writer.join()

    with writers[0].connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT writer, number FROM kept")
        found = set(cursor.fetchall())
    print(json.dumps({"seconds": round(time.monotonic() - started, 1), "writers": {
        writer.name: {"acknowledged": len(writer.acknowledged), "errors": writer.errors[:5] + [f"{len(writer.errors)} in all"][:len(writer.errors)],
                      "lost": sum((writer.name, number) not in found for number in writer.acknowledged),
                      "longest_gap": round(writer.longest_gap, 3)}
        for writer in writers}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
