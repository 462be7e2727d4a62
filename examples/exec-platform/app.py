"""An application: numbered entries, acknowledged after commit. Configured by DATABASE_URL and PORT.

  POST /entries {"entry": "..."}   201 {"id", "entry"}
  GET  /health                     200 after a round trip to the database, otherwise 503
"""
import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

TABLE = "CREATE TABLE IF NOT EXISTS entries (id bigserial PRIMARY KEY, entry text UNIQUE NOT NULL)"


def ask(query, *values):
    connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=5, application_name="app")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, lambda: {"server_version": int(ask("SELECT current_setting('server_version_num')")[0]),
                                  "entries": ask("SELECT count(*) FROM entries")[0]})

    def do_POST(self):
        entry = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["entry"]
        self.answer(201, lambda: {"id": ask("INSERT INTO entries (entry) VALUES (%s) RETURNING id", entry)[0], "entry": entry})

    def answer(self, status, work):
        try:
            body = work()
        except psycopg2.Error as error:
            status, body = 503, {"error": str(error).strip()}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False  # what was begun is answered before it ends


def main():
    try:
        ask(TABLE)  # its migrations
    except psycopg2.Error as error:
        print("no database at start:", str(error).strip(), flush=True)
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()


if __name__ == "__main__":
    main()
