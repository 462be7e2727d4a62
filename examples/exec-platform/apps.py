"""Applications: processes of this host behind nginx, which shows a page while a file exists."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from store import Refused

HERE = os.path.dirname(os.path.abspath(__file__))
GRACE = 10  # seconds between SIGTERM and SIGKILL


def started_at(pid):
    """Clock ticks after the boot: a pid that was given to another process has another one. None: it doesn't run."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else fields[19]


class Apps:
    def __init__(self, directory, store):
        self.directory, self.store = directory, store
        self.locks, self.children = {}, {}

    @contextlib.contextmanager
    def changing(self, name):
        """One change at a time per application. Who comes in between is told to try again."""
        lock = self.locks.setdefault(name, threading.Lock())
        if not lock.acquire(timeout=2):
            raise Refused(503, f"application '{name}' is just being changed")
        try:
            yield self.store.app(name)
        finally:
            lock.release()

    def page_file(self, name):
        return os.path.join(self.directory, "pages", name)

    # Reading

    def running(self, name):
        app, child = self.store.app(name), self.children.get(name)
        if child:
            child.poll()  # collects one that has ended
        pid = app.get("pid")
        return pid if pid and started_at(pid) == app["started_at"] else None

    def describe(self, name):
        """All that can be seen from outside; health is asked behind the page."""
        healthy, detail = False, "it doesn't run"
        if self.running(name):
            url = f"http://127.0.0.1:{self.store.app(name)['port']}/health"
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                with opener.open(url, timeout=3) as answer:
                    healthy, detail = True, f"{answer.status} {answer.read(200).decode()}"
            except urllib.error.HTTPError as error:
                detail = f"{error.code} {error.read(200).decode()}"
            except OSError as error:
                detail = f"no answer: {error}"
        return {"running": bool(self.running(name)), "healthy": healthy, "detail": detail,
                "page_is_on": os.path.exists(self.page_file(name))}

    # Changing: each says what is to be, so that saying it twice is saying it once.

    def set_page(self, name, on):
        with self.changing(name):
            if on:
                with open(self.page_file(name), "w", encoding="utf-8"):
                    pass
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.page_file(name))

    def set_config(self, name, variables):
        with self.changing(name) as app:
            with self.store.lock:
                app["variables"].update(variables)
                self.store.save()

    def set_process(self, name, running):
        with self.changing(name) as app:
            if running:
                self.start(name, app)
            else:
                self.stop(name)

    def start(self, name, app):
        if self.running(name):
            return
        home = os.path.join(self.directory, "apps", name)
        os.makedirs(home, exist_ok=True)
        variables = {"PATH": os.environ["PATH"], "PORT": str(app["port"]), "LANG": "C.UTF-8", **app["variables"]}
        with open(os.path.join(home, "log"), "ab") as log:
            child = subprocess.Popen([sys.executable, os.path.join(HERE, "app.py")], cwd=home, env=variables, stdin=subprocess.DEVNULL,
                                     stdout=log, stderr=log, start_new_session=True)
        self.children[name] = child
        with self.store.lock:
            app["pid"], app["started_at"] = child.pid, started_at(child.pid)
            self.store.save()

    def stop(self, name):
        """Returns when it has ended, not before."""
        pid = self.running(name)
        for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + patience
            while self.running(name):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
            else:
                return
        raise Refused(500, f"application '{name}' can't be ended")

    def create(self, name, port, public_port, variables):
        with self.store.lock:
            if name in self.store.state["apps"]:
                raise Refused(409, f"there is an application '{name}' already")
            self.store.state["apps"][name] = {"port": port, "public_port": public_port, "variables": variables}
            self.store.save()
        self.set_process(name, True)
        return json.loads(json.dumps({"name": name, "public_port": public_port}))
