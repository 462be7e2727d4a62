"""Which operating system user runs the laboratory's processes.

PostgreSQL refuses to run as root. As root, everything runs as `postgres` (Debian's package makes that user)
and belongs to it; otherwise everything runs as oneself.
"""
import os
import pwd
import subprocess

PROTECTED_VARIABLES = ("PATH", "LANG", "TZ")


class Account:
    def __init__(self):
        self.switches = os.geteuid() == 0
        entry = pwd.getpwnam("postgres") if self.switches else pwd.getpwuid(os.geteuid())
        self.name, self.uid, self.gid, self.home = entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir

    def popen_arguments(self):
        """For subprocess: changes the user, and passes on none of the caller's PG* or locale variables."""
        environment = {k: os.environ[k] for k in PROTECTED_VARIABLES if k in os.environ}
        environment.update(LC_ALL="C.UTF-8", HOME=self.home, PATH=environment.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"))
        arguments = {"env": environment, "stdin": subprocess.DEVNULL}
        if self.switches:
            arguments.update(user=self.uid, group=self.gid, extra_groups=os.getgrouplist(self.name, self.gid))
        return arguments

    def make_directory(self, path, mode=0o755):
        """With its missing parents, all of them the account's."""
        parent = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(parent):
            self.make_directory(parent)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        self.own(path)

    def write_file(self, path, content, mode=0o644):
        """Atomic, and never readable for others in between."""
        temporary = f"{path}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(temporary, mode)
        self.own(temporary)
        os.replace(temporary, path)

    def own(self, path):
        if self.switches:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, path):
        """Whether the account may enter this directory: a laboratory below /root would not start."""
        return subprocess.run(["test", "-x", path], check=False, **self.popen_arguments()).returncode == 0
