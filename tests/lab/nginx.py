"""The page in front of the applications: one nginx, a port per application, a maintenance page when a flag file exists."""
import json
import os
import signal
import time
import urllib.error
import urllib.request

from . import processes
from .errors import LabError

RETRY_AFTER = 30
PAGE = ("<!doctype html><meta charset=utf-8><title>Back soon</title><h1>{environment} is being maintained</h1>"
        "<p>Nothing you saved is lost. Please try again in a minute.</p>")

MAIN = """# Written by scripts/lab.
daemon off;
worker_processes 1;
pid "{home}/nginx.pid";
error_log "{home}/error.log" notice;
events {{ worker_connections 512; }}
http {{
  access_log "{home}/access.log";
  client_body_temp_path "{home}/tmp/body";
  proxy_temp_path "{home}/tmp/proxy";
  fastcgi_temp_path "{home}/tmp/fastcgi";
  uwsgi_temp_path "{home}/tmp/uwsgi";
  scgi_temp_path "{home}/tmp/scgi";
  default_type text/html;
  server_tokens off;
  proxy_connect_timeout 2s;
  proxy_read_timeout 30s;
{servers}}}
"""
# `if (-f ...)` asks the file system at every request: the page is on the moment the file exists, without a reload.
# A request that came just before it, and finds the application stopped, gets the page too.
# `return` with a text answers POST as well; an error_page with a static file would make that 405.
SERVER = """  server {{
    listen 127.0.0.1:{public_port};
    location / {{
      if (-f "{flag}") {{
        add_header Retry-After {retry_after} always;
        add_header Cache-Control no-store always;
        return 503 "{page}";
      }}
      proxy_pass http://127.0.0.1:{port};
      proxy_set_header Host $http_host;
      error_page 502 = @gone;
    }}
    location @gone {{
      if (-f "{flag}") {{
        add_header Retry-After {retry_after} always;
        add_header Cache-Control no-store always;
        return 503 "{page}";
      }}
      return 502;
    }}
  }}
"""


def configure(record):
    account, home = record.account, record.path("nginx")
    for name in ("", "maintenance", "tmp"):
        account.make_directory(os.path.join(home, name))
    servers = "".join(
        SERVER.format(public_port=app["public_port"], port=app["port"], retry_after=RETRY_AFTER,
                      flag=flag(record, environment), page=PAGE.format(environment=environment))
        for environment, app in record.applications.items())
    account.write_file(os.path.join(home, "nginx.conf"), MAIN.format(home=home, servers=servers))


def flag(record, environment):
    """The page of this environment is on while this file exists."""
    return record.path("nginx", "maintenance", environment)


def start(record, timeout=10.0):
    """Starts nginx and waits until every port answers (with whatever: the applications may not run yet)."""
    home = record.path("nginx")
    pid = processes.start(record.account, ["/usr/sbin/nginx", "-e", os.path.join(home, "error.log"), "-p", home, "-c",
                                           os.path.join(home, "nginx.conf")], home, os.path.join(home, "output.log"))
    deadline = time.monotonic() + timeout
    for app in record.applications.values():
        while fetch(app["public_url"])[0] is None:
            if not processes.running(pid) or time.monotonic() > deadline:
                raise LabError(f"nginx did not start; see {home}/error.log and {home}/output.log")
            time.sleep(0.03)
    return pid


def pid(record):
    try:
        with open(record.path("nginx", "nginx.pid"), encoding="utf-8") as file:
            number = int(file.read())
    except (OSError, ValueError):
        return None
    return number if processes.belongs(processes.command_line(number), record.directory) else None


def stop(record):
    found = pid(record)
    if found:
        processes.stop([found], signal.SIGTERM)


def fetch(url, timeout=5.0):
    """(status, body as JSON or text); (None, None) when nobody answers. No proxy of the caller's environment is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout) as response:
            status, body = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read().decode()
    except OSError:
        return None, None
    try:
        return status, json.loads(body)
    except ValueError:
        return status, body
