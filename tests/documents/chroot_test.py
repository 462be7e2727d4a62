"""The package on a machine that has nothing else: a Debian 12 made by debootstrap, the .deb installed with what it depends on, and a real
database moved with it. Run by scripts/test --full: it loads a few hundred MB and takes minutes."""
import os
import shlex
import subprocess
import tempfile
import unittest

from ..scenarios.support import Laboratory, RUNBOOK
from .package_test import BUILD, FULL, call

MIRROR = os.environ.get("PGCONVOY_TEST_MIRROR", "http://deb.debian.org/debian")

if FULL:
    class ChrootTest(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="pgconvoy-chroot-"))
            cls.root = os.path.join(cls.folder, "root")
            call("cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-G", "DEB", "-B", os.path.join(cls.folder, "deb"), cwd=BUILD)
            call("debootstrap", "--variant=minbase", "bookworm", cls.root, MIRROR)
            call("sh", "-c", f"cp {cls.folder}/deb/pgconvoy_*.deb {cls.root}/tmp/pgconvoy.deb")

        def inside(self, command, bound=None):
            """In the chroot, with /proc, and a folder of this machine at the same place."""
            steps = [f"mount -t proc proc {self.root}/proc"]
            if bound:
                steps += [f"mkdir -p {self.root}{bound}", f"mount --bind {bound} {self.root}{bound}"]
            return call("unshare", "--mount", "--propagation", "private", "sh", "-ec", "; ".join([*steps, f"exec chroot {self.root} sh -ec {shlex.quote(command)}"]))

        def test_installed_and_used(self):
            self.inside("apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends /tmp/pgconvoy.deb")
            self.assertIn("pgconvoy ", self.inside("pgconvoy --version"))
            self.assertEqual(self.inside("stat -c '%U:%G %a' /etc/pgconvoy/run.env").strip(), "root:pgconvoy 640")
            self.assertIn("pgconvoy", self.inside("getent passwd pgconvoy"))
            with Laboratory(regions=1, databases=2, apps=0, seed=93) as lab:
                environment = " ".join(f"{key}={shlex.quote(value)}" for key, value in lab.environment().items() if key in ("PGCONVOY_JOURNAL", "PGCONVOY_BACKUP_DIRECTORY", "PGPASSFILE"))
                out = self.inside(f"cd {lab.base}; {environment} pgconvoy run -f {lab.fleet} --runbook {RUNBOOK} --yes", bound=lab.base)
                self.assertIn("2 targets: 2 succeeded, none failed", out)
                self.assertEqual(set(lab.journal.target_states().values()), {"succeeded"})
            self.inside("DEBIAN_FRONTEND=noninteractive apt-get purge -q -y pgconvoy")
            self.assertEqual(subprocess.run(["chroot", self.root, "test", "-e", "/usr/bin/pgconvoy"], check=False).returncode, 1)


if __name__ == "__main__":
    unittest.main()
