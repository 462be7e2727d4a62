"""A client that writes to an application's ledger through its pooler, over one connection that it keeps as long as it lasts."""
import threading
import time

import psycopg2


class PoolerClient(threading.Thread):
    """Keeps "id entry" of each acknowledged entry in a file. An entry whose outcome isn't known is not written again."""

    def __init__(self, url, kept, every=0.01):
        super().__init__(daemon=True)
        self.url, self.kept, self.every = url, kept, every
        self.acknowledged, self.errors, self.longest_gap = 0, [], 0.0
        self.stopping = threading.Event()
        self.start()

    def run(self):
        connection, last, prefix, number = None, None, f"client-{time.time_ns()}", 0
        with open(self.kept, "a", buffering=1, encoding="utf-8") as file:
            while not self.stopping.is_set():
                number += 1
                entry = f"{prefix}-{number}"
                try:
                    if connection is None:
                        connection = psycopg2.connect(self.url, application_name="pooler client")
                        connection.autocommit = True
                    cursor = connection.cursor()
                    cursor.execute("INSERT INTO ledger (entry) VALUES (%s) RETURNING id", (entry,))
                    file.write(f"{cursor.fetchone()[0]} {entry}\n")
                except psycopg2.Error as error:
                    self.errors.append(str(error).strip())
                    if connection is not None:
                        connection.close()
                    connection = None
                    time.sleep(0.02)
                    continue
                now = time.monotonic()
                self.acknowledged += 1
                if last is not None:
                    self.longest_gap = max(self.longest_gap, now - last)
                last = now
                time.sleep(self.every)
        if connection is not None:
            connection.close()

    def stop(self, seconds=30):
        self.stopping.set()
        self.join(seconds)
        if self.is_alive():
            raise AssertionError("the client still waits for an answer")
        return self
