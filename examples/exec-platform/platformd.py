#!/usr/bin/python3
"""The platform's control API: JSON over HTTP on 127.0.0.1, for whoever knows the token.

  GET   /apps/NAME           running, healthy, detail, page_is_on
  GET   /apps/NAME/config    {"variables": {...}}
  PATCH /apps/NAME/config    {"variables": {...}}: sets these, keeps the others; for the next start
  PUT   /apps/NAME/page      {"on": true}
  PUT   /apps/NAME/process   {"running": true}: returns when it has ended; doesn't wait until it is healthy
  POST  /apps                {"name", "server", "port", "public_port"}: a new one, with a role and a database
  POST, DELETE /servers/NAME/databases, /servers/NAME/roles
  POST  /events              keeps what pgconvoy tells

A change may carry X-Caller, pgconvoy's `call` object: a lower epoch than was seen before is refused with 409.
503: somebody else is changing it, try again.
"""
import hmac
import json
import os
import secrets
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

from apps import Apps
from databases import Databases
from store import Refused, Store


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    platform = None

    def handle_one(self):
        try:
            status, body = 200, self.platform.answer(self.command, self.path, self.headers, self.body())
        except Refused as refused:
            status, body = refused.status, {"error": str(refused)}
        except psycopg2.Error as error:
            # The first line only: DETAIL may repeat values.
            status, body = 500, {"error": str(error).split("\n", maxsplit=1)[0]}
        except (KeyError, TypeError, ValueError) as error:
            status, body = 400, {"error": f"the request isn't understood: {error!r}"}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_one

    def body(self):
        length = int(self.headers.get("Content-Length") or 0)
        return json.loads(self.rfile.read(length)) if length else None

    def log_message(self, format, *args):
        print(self.log_date_time_string(), format % args, flush=True)


class Platform:
    def __init__(self, directory):
        self.directory = directory
        with open(os.path.join(directory, "platform.json"), encoding="utf-8") as file:
            self.settings = json.load(file)
        with open(os.path.join(directory, "token"), encoding="utf-8") as file:
            self.token = file.read().strip()
        self.store = Store(os.path.join(directory, "state.json"))
        self.apps = Apps(directory, self.store)
        self.databases = Databases(self.settings["servers"], self.store)
        self.events = threading.Lock()

    def answer(self, method, path, headers, body):
        if not hmac.compare_digest(headers.get("Authorization", ""), f"Bearer {self.token}"):
            raise Refused(401, "the token is wrong")
        caller = json.loads(headers.get("X-Caller") or "null")
        if method != "GET":
            self.store.admit(caller)
        match method, *path.strip("/").split("/"):
            case "GET", "apps", name:
                return self.apps.describe(name)
            case "GET", "apps", name, "config":
                return {"variables": self.store.app(name)["variables"]}
            case "PATCH", "apps", name, "config":
                self.apps.set_config(name, body["variables"])
            case "PUT", "apps", name, "page":
                self.apps.set_page(name, body["on"])
            case "PUT", "apps", name, "process":
                self.apps.set_process(name, body["running"])
            case "POST", "apps":
                url = self.databases.create_for_app(body["server"], body["name"], secrets.token_urlsafe(18))
                return self.apps.create(body["name"], body["port"], body["public_port"], {"DATABASE_URL": url})
            case "POST", "servers", name, "databases":
                return self.databases.create_database(name, caller, body)
            case "DELETE", "servers", name, "databases":
                return self.databases.drop_database(name, caller, body)
            case "POST", "servers", name, "roles":
                return self.databases.create_roles(name, caller, body)
            case "DELETE", "servers", name, "roles":
                return self.databases.drop_roles(name, caller, body)
            case "POST", "events":
                with self.events, open(os.path.join(self.directory, "events.jsonl"), "a", encoding="utf-8") as file:
                    file.write(json.dumps(body) + "\n")
            case _:
                raise Refused(404, f"there is no {method} {path}")
        return {}


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def main():
    platform = Handler.platform = Platform(os.path.abspath(sys.argv[1]))
    server = Server(("127.0.0.1", platform.settings["port"]), Handler)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for the loop that this handler interrupts, hence the thread.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    for name in list(platform.store.state["apps"]):  # as before a restart
        if not platform.apps.running(name) and "pid" in platform.store.app(name):
            platform.apps.set_process(name, True)
    server.serve_forever(poll_interval=0.1)
    for name in list(platform.store.state["apps"]):
        platform.apps.set_process(name, False)


if __name__ == "__main__":
    main()
