"""lab.json: what a laboratory consists of. Written before anything is started, so that `down` finds all of it
after `up` was killed. It holds no secrets."""
import json
import os

from .errors import LabError

MARKER = ".pgconvoy-lab"


class Record:
    def __init__(self, directory, account, content):
        self.directory, self.account, self.content = directory, account, content

    @classmethod
    def load(cls, directory, account):
        directory = os.path.abspath(directory)
        if not os.path.exists(os.path.join(directory, MARKER)):
            raise LabError(f"no laboratory in {directory}", f"scripts/lab up --dir {directory}")
        try:
            with open(os.path.join(directory, "lab.json"), encoding="utf-8") as file:
                content = json.load(file)
        except FileNotFoundError:
            content = {}
        return cls(directory, account, content)

    def save(self):
        self.account.write_file(self.path("lab.json"), json.dumps(self.content, indent=1, ensure_ascii=False) + "\n")

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    @property
    def complete(self):
        return self.content.get("complete", False)

    @property
    def tls(self):
        return self.content.get("tls", False)

    @property
    def host(self):
        """Where clients reach the servers; a certificate is for a name."""
        return "localhost" if self.tls else "127.0.0.1"

    @property
    def administrator(self):
        """Whom the fleet file names."""
        return self.content.get("administrator", "postgres")

    @property
    def servers(self):
        return self.content.get("servers", {})

    @property
    def poolers(self):
        return self.content.get("poolers", {})

    @property
    def databases(self):
        return self.content.get("databases", [])

    @property
    def applications(self):
        return self.content.get("applications", {})

    def server(self, name):
        if name not in self.servers:
            raise LabError(f"no server '{name}' in this laboratory; it has {', '.join(sorted(self.servers))}")
        return self.servers[name]
