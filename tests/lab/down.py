"""`scripts/lab down`: ends everything a laboratory started and removes its directory. Works on half-made ones too."""
import os
import re
import shutil
import signal

from . import processes


def down(record, keep, say):
    # Applications and nginx first: they have nothing to say to servers that are going.
    found = processes.of_laboratory(record.directory)
    servers = [pid for pid in found if os.path.basename((processes.command_line(pid) or [""])[0]) == "postgres"]
    killed = processes.stop([pid for pid in found if pid not in servers], signal.SIGTERM, 5)
    # What is about to be deleted needs no shutdown checkpoint; what is kept does.
    killed += processes.stop(servers, signal.SIGINT if keep else signal.SIGQUIT, 30)
    say(f"stopped {len(servers)} servers and {len(found) - len(servers)} other processes" + (f", {killed} by force" if killed else ""))
    socket_directory = record.content.get("socket_directory", "")
    if re.fullmatch(r"/tmp/pgconvoy-[0-9a-f]{8}", socket_directory):
        shutil.rmtree(socket_directory, ignore_errors=True)
    if keep:
        say(f"kept {record.directory}; scripts/lab down --dir {record.directory} removes it")
    else:
        # A process that was just being started when `up` was killed may be removing its own files.
        for _ in range(5):
            try:
                shutil.rmtree(record.directory)
                break
            except FileNotFoundError:
                continue
        say(f"removed {record.directory}")
