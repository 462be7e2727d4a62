"""Data directories that initdb made once and that are copied from then on.

Many laboratories one after the other, as tests make them, would spend a quarter of their time in initdb. Where
PGCONVOY_LAB_TEMPLATES names a directory, each kind of server is made by initdb once, in there, and copied afterwards.
A copy has its original's system identifier, so the servers of one laboratory are made from different originals. All
laboratories made from one such directory have the administrator's password in common.
"""
import contextlib
import fcntl
import os
import shutil
import subprocess

from . import secrets_store

VARIABLE = "PGCONVOY_LAB_TEMPLATES"


def directory():
    """None: every server has an initdb of its own."""
    return os.environ.get(VARIABLE) or None


@contextlib.contextmanager
def held(account, name):
    """One at a time makes the template NAME; others wait for it."""
    account.make_directory(directory())
    descriptor = os.open(os.path.join(directory(), f"{name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def password(account):
    """The administrator's, the same for all templates; None without templates."""
    if directory() is None:
        return None
    path = os.path.join(directory(), "admin.password")
    with held(account, "admin"):
        if not os.path.exists(path):
            account.write_file(path, secrets_store.new_password() + "\n", 0o600)
        with open(path, encoding="utf-8") as file:
            return file.read().rstrip("\n")


def copy(account, programs, original, data, initdb):
    """DATA becomes a copy of the template ORIGINAL for the server in PROGRAMS; initdb(directory) makes what isn't there yet."""
    name = f"{programs.strip('/').replace('/', '-')}-{original}"
    template = os.path.join(directory(), name)
    with held(account, name):
        if not os.path.isdir(template):
            shutil.rmtree(f"{template}.new", ignore_errors=True)  # of one that was killed
            initdb(f"{template}.new")
            os.rename(f"{template}.new", template)
    subprocess.run(["cp", "-a", template, data], check=True, **account.popen_arguments())
