"""What the platform remembers, in one file: applications with their variables, epochs, what was made for whom.

The file is replaced as a whole and synced before a change is answered, so that a crash leaves the old state or the new one.
"""
import json
import os
import threading


class Refused(Exception):
    """Goes back as an HTTP status with a sentence."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Store:
    def __init__(self, path):
        self.path, self.lock = path, threading.RLock()
        self.state = {"apps": {}, "epochs": {}, "made": {}}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.state = json.load(file)

    def save(self):
        with self.lock:
            descriptor = os.open(self.path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds passwords
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(self.state, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(self.path + ".new", self.path)

    def app(self, name):
        with self.lock:
            if name not in self.state["apps"]:
                raise Refused(404, f"there is no application '{name}'")
            return self.state["apps"][name]

    def admit(self, caller):
        """Refuses a call of a lower epoch than one that was here already for the same target of the same run.

        A higher epoch means that another process took the target over: whoever still calls with a lower one is a leftover
        and must change nothing. People and scripts that call without an epoch are let through.
        """
        if not caller:
            return
        with self.lock:
            whose = f"{caller['run']}/{caller['target']}"
            highest = self.state["epochs"].get(whose, 0)
            if caller["epoch"] < highest:
                raise Refused(409, f"epoch {caller['epoch']} of {whose} comes too late: epoch {highest} was here")
            if caller["epoch"] > highest:
                self.state["epochs"][whose] = caller["epoch"]
                self.save()

    def made_before(self, caller, what):
        """What an earlier try of the same call made: the answer to it may have been lost."""
        with self.lock:
            return self.state["made"].get(f"{caller['key']}@{caller['epoch']}/{what}") if caller else None

    def remember(self, caller, what, value):
        if caller:
            with self.lock:
                self.state["made"][f"{caller['key']}@{caller['epoch']}/{what}"] = value
                self.save()
