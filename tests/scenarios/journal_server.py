"""A PostgreSQL server of its own for a shared journal: it must be none of the run's. And looks into that journal."""
import contextlib
import os
import secrets
import select
import signal
import socket
import subprocess
import threading

import psycopg2

from tests.lab.account import Account
from tests.lab.ports import Ports
from tests.lab.postgres import bin_directory

from .support import wait_for

DATABASE = "convoy"


class JournalServer:
    def __init__(self, laboratory, settings=(), name="journal-server"):
        self.laboratory, self.account = laboratory, Account()
        self.home = os.path.join(laboratory.base, name)
        self.bin = bin_directory(15)
        self.port = Ports().take()
        self.process = None
        self.settings = settings

    def __enter__(self):
        account = self.account
        account.make_directory(self.home, 0o700)
        self.passfile = f"{self.home}.passfile"
        password = os.path.join(self.home, "password")
        word = secrets.token_hex(8)
        account.write_file(password, word, 0o600)
        with open(os.open(self.passfile, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(f"*:*:*:postgres:{word}\n")
        made = subprocess.run([os.path.join(self.bin, "initdb"), "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                               "--auth=scram-sha-256", "--pwfile=" + password, "--no-sync"], capture_output=True, text=True, check=False,
                              cwd=self.home, **account.popen_arguments())
        if made.returncode != 0:
            raise AssertionError(made.stdout + made.stderr)
        self.start()
        self.rows(f"CREATE DATABASE {DATABASE}", database="postgres")
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.stop(signal.SIGQUIT)

    @property
    def data(self):
        return os.path.join(self.home, "data")

    def url(self, port=None, host="127.0.0.1", **options):
        """`host` may be several with their ports: "127.0.0.1:5001,127.0.0.1:5002", without `port` then."""
        options = {"passfile": self.passfile, **options}
        where = host if ":" in host else f"{host}:{port or self.port}"
        return f"postgresql://postgres@{where}/{DATABASE}?" + "&".join(f"{key}={value}" for key, value in options.items())

    def start(self):
        with open(os.path.join(self.laboratory.base, "journal-server.log"), "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.bin, "postgres"), "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
                 "-c", "unix_socket_directories=", "-c", "max_connections=60", *self.settings],
                cwd=self.home, stdout=log, stderr=subprocess.STDOUT, **self.account.popen_arguments())
        wait_for("the journal's server", self.answers, seconds=30)

    def answers(self):
        try:
            self.connect("postgres").close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self, number):
        """SIGQUIT: at once, as a crash."""
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        self.process = None

    def connect(self, database=DATABASE):
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres", dbname=database, passfile=self.passfile,
                                      connect_timeout=5, application_name="test")
        connection.autocommit = True
        return connection

    def rows(self, query, *values, database=DATABASE):
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    # the journal

    def target_states(self, run=1):
        return dict(self.rows("SELECT id, state FROM pgconvoy.targets WHERE run = %s", run))

    def events(self, run=1):
        """(sequence, target, step, epoch, kind, data), in order."""
        return self.rows("SELECT sequence, target, step, epoch, kind, data::json FROM pgconvoy.events WHERE run = %s ORDER BY sequence", run)

    def holders(self):
        """target -> pid of whoever holds it now."""
        return dict(self.rows("SELECT target, pid FROM pgconvoy.leases WHERE until > clock_timestamp()"))

    def wait_for_holder(self, pid, seconds=30):
        return wait_for(f"a target of process {pid}", lambda: [target for target, holder in self.holders().items() if holder == pid], seconds)

    def most_at_once(self, run=1, region=None):
        """How many targets were at work at the same time at most, by the events alone: from a claim to the end."""
        regions = dict(self.rows("SELECT number, region FROM pgconvoy.targets WHERE run = %s", run))
        at_work, most = set(), 0
        for _, target, _, _, kind, _ in self.events(run):
            if target == 0 or (region and regions[target] != region):
                continue
            if kind == "target_claimed":
                at_work.add(target)
            elif kind in ("target_succeeded", "target_rolled_back", "target_skipped", "target_stuck"):
                at_work.discard(target)
            most = max(most, len(at_work))
        return most


class Line:
    """A way to a server that can be cut and mended: connections end, and new ones are refused meanwhile."""

    def __init__(self, server_port, host="127.0.0.1", port=None):
        """`host`: the address of ours that it listens on; `port`: likewise, any that is free when it is left out."""
        self.server_port, self.host = server_port, host
        self.port = port or Ports().take()
        self.listener, self.ends, self.lock = None, [], threading.Lock()

    def __enter__(self):
        self.mend()
        return self

    def __exit__(self, *_):
        self.cut()

    def mend(self):
        self.listener = socket.create_server((self.host, self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def cut(self):
        with self.lock:
            listener, self.listener = self.listener, None
            if listener is not None:
                listener.shutdown(socket.SHUT_RDWR)
                listener.close()
            for end in self.ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self.ends.clear()

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                return
            with self.lock:
                if self.listener is not listener:
                    client.close()
                    server.close()
                    return
                self.ends += [client, server]
            threading.Thread(target=self.forward, args=(client, server), daemon=True).start()

    @staticmethod
    def forward(client, server):
        with client, server, contextlib.suppress(OSError):
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for end in ready:
                    taken = end.recv(65536)
                    if not taken:
                        return
                    (server if end is client else client).sendall(taken)
