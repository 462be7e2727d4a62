#!/usr/bin/python3
"""Writes entries through an application's public page until it is stopped, and keeps what was acknowledged.

  writer.py --url http://127.0.0.1:8080/ --acknowledged FILE [--moments FILE] [--rate 20] [--duration SECONDS] [--name TEXT]

Each acknowledged entry is appended to FILE as "id entry", and to that of --moments as a line of JSON with the times (of the
machine's monotonic clock) between which it was accepted, and the major version of the server that did. What the maintenance page refused (503), or what got no answer,
is counted and not written again: only an acknowledged entry is a promise. SIGTERM or SIGINT ends it; it then prints
its counts as one line of JSON, with the longest time between two acknowledgements.
"""
import argparse
import contextlib
import http.client
import json
import os
import signal
import sys
import time
from urllib.parse import urlsplit


class Writer:
    def __init__(self, url, name):
        self.address, self.name = urlsplit(url), name
        self.path = self.address.path.rstrip("/") + "/entries"
        self.counts = {"sent": 0, "acknowledged": 0, "maintenance": 0, "refused": 0, "unknown": 0}
        self.last_acknowledged, self.longest_gap, self.moment = None, 0.0, None

    def write(self):
        """One entry. Returns the line to keep when it was acknowledged."""
        self.counts["sent"] += 1
        entry, sent = f"{self.name}-{self.counts['sent']}", time.monotonic()
        try:
            connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=15)
            connection.request("POST", self.path, json.dumps({"entry": entry}), {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read()
            connection.close()
        except (OSError, http.client.HTTPException):
            self.counts["unknown"] += 1
            return None
        if response.status != 201:
            page = response.status == 503 and response.getheader("Retry-After")
            self.counts["maintenance" if page else "refused"] += 1
            return None
        self.counts["acknowledged"] += 1
        now = time.monotonic()
        if self.last_acknowledged is not None:
            self.longest_gap = max(self.longest_gap, now - self.last_acknowledged)
        self.last_acknowledged = now
        answer = json.loads(body)
        self.moment = {"entry": entry, "sent": sent, "acknowledged": now, "major": answer.get("major")}
        return f"{answer['id']} {entry}\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--url", required=True)
    arguments.add_argument("--acknowledged", required=True, metavar="FILE")
    arguments.add_argument("--moments", metavar="FILE")
    arguments.add_argument("--rate", type=float, default=20.0, help="entries a second (default 20)")
    arguments.add_argument("--duration", type=float, help="seconds; without it until stopped")
    arguments.add_argument("--name", default=f"w{os.getpid()}-{time.time_ns() // 1_000_000}", help="prefix of its entries, unlike any other writer's")
    options = arguments.parse_args()

    stopping = False

    def stop(*_):
        nonlocal stopping
        stopping = True
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    writer, started = Writer(options.url, options.name), time.monotonic()
    with contextlib.ExitStack() as files:
        kept, moments = (name and files.enter_context(open(name, "a", buffering=1, encoding="utf-8"))
                         for name in (options.acknowledged, options.moments))
        while not stopping and (options.duration is None or time.monotonic() - started < options.duration):
            line = writer.write()
            if line:
                kept.write(line)
                if moments:
                    moments.write(json.dumps(writer.moment) + "\n")
            # Behind its rate it does not catch up: a burst after the page is gone would measure the burst.
            time.sleep(max(0.0, 1.0 / options.rate - (time.monotonic() - started) % (1.0 / options.rate)))
    print(json.dumps({**writer.counts, "seconds": round(time.monotonic() - started, 3), "longest_gap": round(writer.longest_gap, 3)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
