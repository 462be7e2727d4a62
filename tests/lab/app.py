"""An application of the laboratory: numbered entries, acknowledged only after commit, read back over HTTP.

Configured by its environment, as a twelve-factor application is:
  DATABASE_URL            its database
  QUEUE_HOST, QUEUE_PORT, QUEUE_NAME, QUEUE_USER, QUEUE_PASSWORD   a second one, when it has one
  ARCHIVE_URL             a third one; every entry is written to these before it is to the first
  PORT                    where it listens on 127.0.0.1
  LEDGER_FILE             every acknowledged entry is appended here, "id entry" a line: the proof kept outside the database
  WRITE_AT_START=1        writes one entry when it starts, as migrations and queues of real applications do
  FAIL_HEALTH_ON_VERSION  major version of PostgreSQL on which /health answers 503
  START_DELAY             seconds to wait before it listens
  HEALTH_DELAY            seconds that /health takes

  POST /entries {"entry": "..."}   201 {"id", "entry", "major"} after commit, major version of the database that has it; 409 when it exists; 503 when the outcome is not known to be good
  GET  /entries?after=ID&limit=N   entries with a greater id, in order
  GET  /health                     200 after a round trip to the database, otherwise 503
SIGTERM lets requests in flight finish, then ends it.
"""
import json
import os
import queue
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import psycopg2

CREATE = """CREATE TABLE IF NOT EXISTS ledger (
    id bigserial PRIMARY KEY, entry text UNIQUE NOT NULL, written_at timestamptz DEFAULT now())"""


class Ledger:
    """The database side. A connection that failed once is thrown away, never used again."""

    def __init__(self, connection, file_path=None, others=()):
        """`connection` holds arguments of psycopg2.connect; `others` are ledgers that get every entry first."""
        self.connection, self.others, self.idle, self.ready = connection, others, queue.LifoQueue(4), False
        self.file = os.open(file_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644) if file_path else None

    def run(self, work):
        try:
            connection = self.idle.get_nowait()
        except queue.Empty:
            connection = psycopg2.connect(**self.connection, connect_timeout=5, application_name="ledger")
        try:
            with connection, connection.cursor() as cursor:
                if not self.ready:
                    cursor.execute("SELECT to_regclass('ledger')")
                    if cursor.fetchone()[0] is None:
                        cursor.execute(CREATE)
                result = work(cursor)
            self.ready = True
        except psycopg2.IntegrityError:
            self.give_back(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self.give_back(connection)
        return result

    def give_back(self, connection):
        try:
            self.idle.put_nowait(connection)
        except queue.Full:
            connection.close()

    def write(self, entry):
        for other in self.others:
            other.write(entry)

        def insert(cursor):
            cursor.execute("INSERT INTO ledger (entry) VALUES (%s) RETURNING id, current_setting('server_version_num')::integer / 10000", (entry,))
            return cursor.fetchone()
        number, major = self.run(insert)
        if self.file is not None:
            # One write of one line: appends of several threads do not mix.
            os.write(self.file, f"{number} {entry}\n".encode())
        return {"id": number, "entry": entry, "major": major}

    def read(self, after, limit):
        def select(cursor):
            cursor.execute("SELECT id, entry FROM ledger WHERE id > %s ORDER BY id LIMIT %s", (after, limit))
            return [{"id": number, "entry": entry} for number, entry in cursor.fetchall()]
        return self.run(select)

    def health(self):
        def select(cursor):
            cursor.execute("SELECT current_database(), current_setting('server_version_num')::integer, (SELECT count(*) FROM ledger)")
            return cursor.fetchone()
        database, version, entries = self.run(select)
        others = [other.health() for other in self.others]
        return {"ok": str(version // 10000) != os.environ.get("FAIL_HEALTH_ON_VERSION"),
                "database": database, "server_version": version, "entries": entries, **({"others": others} if others else {})}


class Handler(BaseHTTPRequestHandler):
    timeout = 10  # a silent client must not hold up a graceful stop for ever
    ledger = None

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/health":
            self.answer_health()
        elif url.path == "/entries":
            query = parse_qs(url.query)
            try:
                after, limit = int(query.get("after", ["0"])[0]), min(int(query.get("limit", ["1000"])[0]), 100_000)
            except ValueError:
                return self.answer(400, {"error": "after and limit are numbers"})
            self.answer_from_database(lambda: (200, self.ledger.read(after, limit)))
        else:
            self.answer(200 if url.path == "/" else 404, {"application": os.path.basename(os.getcwd()), "see": ["/health", "/entries"]})

    def do_POST(self):
        if urlsplit(self.path).path != "/entries":
            return self.answer(404, {"error": "POST /entries"})
        try:
            entry = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))["entry"]
        except (ValueError, KeyError, TypeError):
            entry = None
        if not isinstance(entry, str) or not entry or "\n" in entry or "\0" in entry:
            return self.answer(400, {"error": 'the body is {"entry": "one line of text"}'})
        self.answer_from_database(lambda: (201, self.ledger.write(entry)))

    def answer_health(self):
        def health():
            time.sleep(float(os.environ.get("HEALTH_DELAY", "0")))
            state = self.ledger.health()
            return (200 if state["ok"] else 503), state
        self.answer_from_database(health)

    def answer_from_database(self, work):
        try:
            status, body = work()
        except psycopg2.IntegrityError as error:
            status, body = 409, {"error": str(error).strip()}
        except psycopg2.Error as error:
            status, body = 503, {"ok": False, "error": str(error).strip()}
        self.answer(status, body)

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *args):
        if len(args) < 2 or not str(args[1]).startswith("2"):
            log(format % args)


def log(text):
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for requests in flight
    request_queue_size = 128


def at_start(ledger):
    """A database that is away must not keep the application from starting: /health tells."""
    try:
        log(f"started on {ledger.health()}")
        if os.environ.get("WRITE_AT_START") == "1":
            log(f"wrote entry {ledger.write(f'started {os.getpid()} {time.time_ns()}')['id']} at start")
    except psycopg2.Error as error:
        log(f"no database at start: {str(error).strip()}")


def ledgers(environment):
    """The application's own ledger, with the others that its variables name."""
    others = []
    if "QUEUE_HOST" in environment:
        others.append(Ledger({word: environment[f"QUEUE_{name}"] for word, name in
                              (("host", "HOST"), ("port", "PORT"), ("dbname", "NAME"), ("user", "USER"), ("password", "PASSWORD"))}))
    if "ARCHIVE_URL" in environment:
        others.append(Ledger({"dsn": environment["ARCHIVE_URL"]}))
    return Ledger({"dsn": environment["DATABASE_URL"]}, environment.get("LEDGER_FILE"), others)


def main():
    time.sleep(float(os.environ.get("START_DELAY", "0")))
    Handler.ledger = ledgers(os.environ)
    at_start(Handler.ledger)
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for the loop that this handler interrupts, hence the thread.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    log("stopped")


if __name__ == "__main__":
    sys.exit(main())
