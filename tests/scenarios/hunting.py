"""Looking for secrets where they must not be: command lines, short-lived files, and everything that was written or said."""
import os
import threading


class CommandLines(threading.Thread):
    """Looks at the command lines of all processes, and at the files of a folder, again and again, for texts that must not be there."""

    def __init__(self, texts, folder=None):
        super().__init__()
        self.texts, self.folder = [text.encode() for text in texts], folder
        self.seen, self.looks, self.files, self.over = set(), 0, set(), threading.Event()

    def run(self):
        while not self.over.is_set():
            for entry in filter(str.isdigit, os.listdir("/proc")):
                self.look(f"/proc/{entry}/cmdline")
            for name in os.listdir(self.folder) if self.folder else ():
                if self.look(os.path.join(self.folder, name)):
                    self.files.add(name)
            self.looks += 1
            self.over.wait(0.01)

    def look(self, path):
        """Whether there was anything to read."""
        try:
            with open(path, "rb") as file:
                content = file.read(1 << 20)
        except OSError:
            return False
        if any(text in content for text in self.texts):
            self.seen.add(content[:2000])
        return bool(content)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def files_below(*folders, without=()):
    """(path, content) of every file below these folders, but for those that `without` names: folders, files, endings."""
    for folder in folders:
        for where, below, names in os.walk(folder):
            below[:] = [name for name in below if os.path.join(where, name) not in without]
            for name in names:
                path = os.path.join(where, name)
                if not os.path.isfile(path) or path in without or any(not ending.startswith("/") and name.endswith(ending) for ending in without):
                    continue
                with open(path, "rb") as file:
                    yield path, file.read()


def surroundings(content, text, around=60):
    """What stands beside a text that was found, for a message."""
    at = content.index(text)
    return content[max(0, at - around):at + len(text) + around].decode("utf-8", "replace")
