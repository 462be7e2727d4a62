"""pgconvoy scan: registries, files, folders and processes, as one types it. No server of PostgreSQL is needed."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from .registry import NEW_LIBPQ, OLD_LIBPQ, Image, Registry, certificate, digest, layer
from .support import SECONDS_AT_MOST, program

USAGE, BLOCKED, SOME_FAILED = 2, 4, 1
LIBPQ = os.path.realpath(glob.glob("/usr/lib/*/libpq.so.5")[0])
FULL = os.environ.get("PGCONVOY_TEST_FULL") == "1"


class ScanTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="pgconvoy-scan-")
        self.addCleanup(shutil.rmtree, self.directory)

    def scan(self, *arguments, code=0, environment=None, stdin=None):
        base = {name: value for name, value in os.environ.items() if name not in ("DOCKER_CONFIG", "SSL_CERT_FILE")}
        done = subprocess.run([program(), "scan", *arguments], capture_output=True, input=stdin, timeout=SECONDS_AT_MOST, check=False,
                              env={**base, "HOME": self.directory, **(environment or {})})
        self.assertEqual(done.returncode, code, done.stdout.decode() + done.stderr.decode())
        return done.stdout.decode(), done.stderr.decode()

    def clients(self, *arguments, **options):
        """{path: (kind, version, scram)} of the only image."""
        out, _ = self.scan(*arguments, "--output", "json", **options)
        scans = json.loads(out)["scans"]
        self.assertEqual(len(scans), 1)
        return {client["path"]: (client["kind"], client["version"], client["scram"]) for client in scans[0]["clients"]}

    def path(self, name, content=None):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def registry(self, **options):
        registry = Registry(**options)
        self.addCleanup(registry.close)
        with open(LIBPQ, "rb") as file:
            real = file.read()
        registry.images["team/new"] = Image({"usr/lib/libpq.so.5.9": OLD_LIBPQ}, {"usr/lib/.wh.libpq.so.5.9": b""}, {"usr/lib/libpq.so.5.15": real})
        registry.images["team/old"] = Image({"usr/lib/libpq.so.5.9": OLD_LIBPQ})
        return registry

    def test_registry_with_a_token(self):
        registry = self.registry(login="bearer", elsewhere=True)
        login = {"PGCONVOY_REGISTRY_USER": registry.USER, "PGCONVOY_REGISTRY_PASSWORD": registry.PASSWORD}
        found = self.clients(registry.url("team/new:1"), environment=login)
        self.assertEqual(list(found), ["/usr/lib/libpq.so.5.15"])
        kind, version, scram = found["/usr/lib/libpq.so.5.15"]
        self.assertEqual((kind, scram), ("libpq", "yes"))
        self.assertRegex(version, r"^15\.\d+$")
        # Nobody but the registry got a login, and blobs were fetched elsewhere.
        others = [said for here, _, said in registry.seen if not here]
        self.assertTrue(others)
        self.assertEqual(set(others), {None})

    def test_registry_with_a_password_from_docker(self):
        registry = self.registry(login="basic")
        self.path(".docker/config.json", json.dumps({"auths": {registry.host: {"username": registry.USER, "password": registry.PASSWORD}}}).encode())
        out, _ = self.scan(registry.url("team/old:1"), code=BLOCKED)
        self.assertIn("can't speak SCRAM", out)
        self.assertIn("9.6", out)

    def test_wrong_and_missing_logins(self):
        for kind in ("basic", "bearer"):
            registry = self.registry(login=kind)
            _, missing = self.scan(registry.url("team/new:1"), code=USAGE)
            self.assertIn("PGCONVOY_REGISTRY_USER", missing)
            wrong = {"PGCONVOY_REGISTRY_USER": "robot", "PGCONVOY_REGISTRY_PASSWORD": "very-secret-9"}
            out, said = self.scan(registry.url("team/new:1"), "-v", code=USAGE, environment=wrong)
            self.assertNotIn("very-secret-9", out + said)

    def test_password_in_the_source_is_refused(self):
        out, said = self.scan("registry://robot:very-secret-9@127.0.0.1:1/x", code=USAGE)
        self.assertNotIn("very-secret-9", out + said)

    def test_one_password_is_for_one_registry(self):
        self.scan("registry+http://127.0.0.1:1/a", "registry+http://127.0.0.2:1/a", code=USAGE,
                  environment={"PGCONVOY_REGISTRY_USER": "robot", "PGCONVOY_REGISTRY_PASSWORD": "x"})

    def test_registry_with_a_certificate_of_its_own(self):
        tls = certificate(self.directory)
        registry = self.registry(login="bearer", tls=tls)
        login = {"PGCONVOY_REGISTRY_USER": registry.USER, "PGCONVOY_REGISTRY_PASSWORD": registry.PASSWORD}
        _, said = self.scan(registry.url("team/new:1"), code=USAGE, environment=login)
        self.assertIn("--ca-file", said)
        self.assertEqual(registry.seen, [])
        self.scan(registry.url("team/new:1"), "--ca-file", tls[0], environment=login)
        self.scan(registry.url("team/new:1"), environment={**login, "SSL_CERT_FILE": tls[0]})

    def test_blobs_that_are_wrong_or_cut_off(self):
        registry = self.registry()
        image = registry.images["team/old"]
        blob = json.loads(image.blobs[image.manifest["digest"]])["layers"][0]["digest"]
        registry.cut = 1  # a lost connection is worth another try
        self.scan(registry.url("team/old:1"), code=BLOCKED)
        registry.cut = 9
        self.scan(registry.url("team/old:1"), code=USAGE)
        registry.cut = 0
        registry.broken[blob] = registry.images["team/new"].blobs[next(iter(registry.images["team/new"].blobs))][:-1] + b"x"
        _, said = self.scan(registry.url("team/old:1"), code=USAGE)
        self.assertRegex(said, "digest|more than|cut off")
        self.scan(registry.url("team/none:1"), code=USAGE)

    def test_many_sources_the_others_go_on(self):
        registry = self.registry()
        sources = [registry.url("team/new:1"), self.path("no-archive.tar", b"x" * 2000), registry.url("team/old:1"), registry.url("team/old:2"),
                   "registry+http://127.0.0.1:1/nobody"]
        names = self.path("sources.txt", ("# all of them\n" + "\n".join(sources) + "\n").encode())
        out, said = self.scan("--from", names, "--output", "jsonl", "--concurrency", "3", "--svg", self.path("clients.svg"), code=BLOCKED)
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["kind"] for line in lines], ["scanned", "scan_error", "scanned", "scanned", "scan_error", "scan"])
        self.assertEqual(lines[1]["source"], sources[1])
        self.assertEqual(lines[-1]["totals"], {"sources": 5, "images": 3, "failed": 2, "can": 1, "cannot": 2, "unknown": 0})
        self.assertEqual([(bar["version"], bar["images"], bar["scram"]) for bar in lines[-1]["histogram"]], [("9.6", 2, "no"), ("15", 1, "yes")])
        self.assertIn("no-archive.tar", said)
        with open(self.path("clients.svg"), encoding="utf-8") as picture:
            self.assertIn("libpq 9.6", picture.read())
        out, _ = self.scan(*sources[:2], code=SOME_FAILED)
        self.assertIn("1 source could not be scanned", out)

    def test_a_layer_that_images_share_is_read_once(self):
        registry = self.registry()
        self.scan(registry.url("team/old:1"), registry.url("team/new:1"), registry.url("team/old:2"), "--concurrency", "1", code=BLOCKED)
        blobs = [path.rsplit("/", 1)[1] for _, path, _ in registry.seen if "/blobs/" in path]
        self.assertEqual(len(blobs), 3)  # the common one, and the two more of team/new
        self.assertEqual(len(set(blobs)), 3)

    def test_archive_from_a_pipe(self):
        content = layer({"0" * 64 + "/layer.tar": layer({"lib/libpq.so.5": NEW_LIBPQ}),
                         "config.json": json.dumps({"rootfs": {"diff_ids": [digest(layer({"lib/libpq.so.5": NEW_LIBPQ}))]}}).encode(),
                         "manifest.json": json.dumps([{"Config": "config.json", "RepoTags": ["a:1"], "Layers": ["0" * 64 + "/layer.tar"]}]).encode()})
        self.assertEqual(self.clients("-", stdin=content), {"/lib/libpq.so.5": ("libpq", "13", "yes")})

    def test_hostile_archives(self):
        for files in ({"../../etc/passwd": b"x"}, {"a": ("link", "../../etc/passwd")}):
            hostile = self.path("hostile.tar", layer(files))
            _, said = self.scan(hostile, code=USAGE)
            self.assertIn("leads out of the archive", said)

    def test_directory(self):
        shutil.copy(LIBPQ, self.path("root/usr/lib/libpq.so.5.15"))
        self.path("root/app/node_modules/pg/package.json", b'{"name":"pg","version":"6.4.2"}')
        self.path("root/outside/libpq.so.5.9", OLD_LIBPQ)
        os.symlink("/usr/lib", self.path("root/lib"))
        os.mkfifo(self.path("root/libpq.so.5"))
        shutil.move(self.path("root/outside"), self.path("outside"))
        os.symlink(self.path("outside"), self.path("root/outside"))
        found = self.clients(self.path("root"), code=BLOCKED)
        self.assertEqual(sorted(found), ["/app/node_modules/pg/package.json", "/usr/lib/libpq.so.5.15"])
        self.assertEqual(found["/app/node_modules/pg/package.json"], ("node-postgres", "6.4.2", "no"))

    def test_layout(self):
        image = Image({"lib/libpq.so.5.9": OLD_LIBPQ}, {"lib/.wh..wh..opq": b""})
        for name, blob in image.blobs.items():
            self.path("layout/blobs/sha256/" + name.removeprefix("sha256:"), blob)
        self.path("layout/oci-layout", b"{}")
        self.path("layout/index.json", json.dumps({"manifests": [image.manifest]}).encode())
        self.assertEqual(self.clients(self.path("layout")), {})
        first = self.path("layout/blobs/sha256/" + next(iter(image.blobs)).removeprefix("sha256:"))
        os.remove(first)
        os.symlink("/etc/passwd", first)
        _, said = self.scan(self.path("layout"), code=USAGE)
        self.assertIn("symbolic link", said)

    def running(self, *command, **options):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdin.close)
        self.assertTrue(process.stdout.readline())
        return process

    def test_running_process(self):
        process = self.running("/usr/bin/python3", "-c", "import psycopg2, sys; print(1, flush=True); sys.stdin.read()", cwd=self.directory)
        found = self.clients(f"pid:{process.pid}")
        self.assertEqual(found[LIBPQ][0::2], ("libpq", "yes"))
        self.assertIn(("psycopg2", "yes"), {client[0::2] for client in found.values()})

    def test_running_process_whose_library_was_replaced(self):
        library = self.path("libpq.so.5.9")
        shutil.copy(LIBPQ, library)
        process = self.running("/usr/bin/python3", "-c", f"import ctypes, sys; ctypes.CDLL({library!r}); print(1, flush=True); sys.stdin.read()")
        os.remove(library)
        self.path("libpq.so.5.9", OLD_LIBPQ)
        # Root sees what is mapped, anybody else that it can't be told: never what lies there now.
        self.assertIn(self.clients(f"pid:{process.pid}").get(library, ("", "", ""))[2], ("yes",) if os.geteuid() == 0 else ("yes", "unknown"))

    if os.geteuid() == 0:

        def test_running_process_with_a_root_of_its_own(self):
            self.path("root/app/node_modules/pg/package.json", b'{"name":"pg","version":"6.4.2"}')
            os.symlink("/usr/lib", self.path("root/lib"))
            code = f"import os, sys; os.chroot({self.path('root')!r}); os.chdir('/'); print(1, flush=True); sys.stdin.read()"
            process = self.running("/usr/bin/python3", "-c", code)
            found = self.clients(f"pid:{process.pid}", code=BLOCKED)
            self.assertEqual(found, {"/app/node_modules/pg/package.json": ("node-postgres", "6.4.2", "no")})

    def test_process_that_is_none(self):
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        self.scan(f"pid:{process.pid}", code=USAGE)
        self.scan("pid:x", code=USAGE)

    if FULL:

        def test_real_packages_of_npm(self):
            for version, scram in (("6", "no"), ("7.8.0", "no"), ("7.9.0", "yes"), ("8", "yes")):
                root = self.path(f"pg-{version}/package.json", b"{}")
                subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", f"pg@{version}"], cwd=os.path.dirname(root), check=True,
                               capture_output=True, timeout=120)
                found = self.clients(os.path.dirname(root), code=BLOCKED if scram == "no" else 0)
                self.assertEqual({(kind, can) for kind, _, can in found.values()}, {("node-postgres", scram)})


if __name__ == "__main__":
    unittest.main()
