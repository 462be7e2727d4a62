"""What is installed: the tree of `cmake --install`, the .deb, and with PGCONVOY_TEST_FULL=1 a program of somebody else's against the library.

PGCONVOY names the program in the build folder that is packed.
"""
import gzip
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

from ..scenarios.support import Laboratory

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.environ.get("PGCONVOY") or os.path.join(CHECKOUT, "build", "release", "bin", "pgconvoy"))
BUILD = os.path.dirname(os.path.dirname(PROGRAM))
FULL = os.environ.get("PGCONVOY_TEST_FULL") == "1"


def call(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="pgconvoy-package-"))
        cls.program = os.path.join(cls.folder, "usr", "bin", "pgconvoy")
        call("cmake", "--install", BUILD, "--component", "runtime", "--prefix", os.path.join(cls.folder, "usr"))

    def path(self, *parts):
        return os.path.join(self.folder, "usr", *parts)

    def test_installed_program_is_itself(self):
        self.assertEqual(call(self.program, "--version"), call(PROGRAM, "--version"))

    def test_manual_has_a_page_for_each_command(self):
        pages = os.listdir(self.path("share", "man", "man1"))
        commands = re.findall(r"^  ([a-z]+) ", call(PROGRAM, "--help").split("Subcommands:")[1].split("\n\n")[0], re.MULTILINE)
        self.assertGreater(len(commands), 25)
        for command in commands:
            self.assertIn(f"pgconvoy-{command}.1.gz", pages)
        warnings = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", self.path("share", "man", "man1", "pgconvoy-run.1.gz")], capture_output=True,
                                  text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "100"}) if shutil.which("groff") else None
        if warnings:
            self.assertEqual(warnings.stderr, "")
        with gzip.open(self.path("share", "man", "man1", "pgconvoy-run.1.gz"), "rt", encoding="utf-8") as file:
            self.assertIn("\\-\\-max\\-failures", file.read())

    def test_bash_completes(self):
        script = self.path("share", "bash-completion", "completions", "pgconvoy")
        def completed(*words):
            quoted = " ".join(f"'{word}'" for word in words)
            return call("bash", "--norc", "-c", f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _pgconvoy; printf '%s\\n' \"${{COMPREPLY[@]}}\"").split()
        self.assertEqual(completed("pgconvoy", "wat"), ["watch"])
        self.assertIn("discover", completed("pgconvoy", "fleet", ""))
        self.assertIn("html", completed("pgconvoy", "report", "r7", "--output", ""))
        self.assertEqual(completed("pgconvoy", "report", "r7", "--output", "ju"), ["junit"])
        self.assertIn("--max-failures", completed("pgconvoy", "run", "--max-f"))
        for file in (self.path("share", "zsh", "vendor-completions", "_pgconvoy"), self.path("share", "fish", "vendor_completions.d", "pgconvoy.fish")):
            self.assertGreater(os.path.getsize(file), 5000)

    # The shells themselves come with scripts/setup --full.
    if shutil.which("zsh"):
        def test_zsh_completes(self):
            script = self.path("share", "zsh", "vendor-completions", "_pgconvoy")
            call("zsh", "-n", script)
            # What the script hands to the shell is printed: its own functions for that only work in a line that is being edited.
            told = "_describe() { print -rl -- $items }; compadd() { shift; print -rl -- $@ }; _files() { print FILES }; _message() { print MESSAGE }"
            def completed(*words):
                quoted = " ".join(f"'{word}'" for word in words)
                return call("zsh", "-f", "-c", f"{told}; words=({quoted}); CURRENT={len(words)}; source {script}").splitlines()
            self.assertIn("watch", [line.split(":")[0] for line in completed("pgconvoy", "")])
            self.assertIn("discover", [line.split(":")[0] for line in completed("pgconvoy", "fleet", "")])
            self.assertIn("--max-failures", [line.split(":")[0] for line in completed("pgconvoy", "run", "--max-f")])
            self.assertIn("junit", completed("pgconvoy", "report", "r7", "--output", ""))
            self.assertEqual(completed("pgconvoy", "run", "-f", ""), ["FILES"])
            self.assertEqual(completed("pgconvoy", "run", "--max-failures", ""), ["MESSAGE"])

    if shutil.which("fish"):
        def test_fish_completes(self):
            script = self.path("share", "fish", "vendor_completions.d", "pgconvoy.fish")
            call("fish", "-n", script)
            def completed(line):
                environment = {**os.environ, "HOME": self.folder, "XDG_CONFIG_HOME": os.path.join(self.folder, "config")}
                return [each.split("\t")[0] for each in call("fish", "-N", "-c", f"source {script}; complete -C '{line}'", env=environment).splitlines()]
            self.assertEqual(completed("pgconvoy wat"), ["watch"])
            self.assertIn("discover", completed("pgconvoy fleet "))
            self.assertEqual(completed("pgconvoy report r7 --output ju"), ["junit"])
            self.assertIn("--max-failures", completed("pgconvoy run --max-f"))
            self.assertNotIn("discover", completed("pgconvoy run "))

    def test_package(self):
        """A .deb with all that belongs into it, in Debian's places, owned by root, and nothing else."""
        target = os.path.join(self.folder, "deb")
        call("cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-G", "DEB", "-B", target, cwd=BUILD)
        [package] = [os.path.join(target, name) for name in os.listdir(target) if name.endswith(".deb")]
        self.assertRegex(os.path.basename(package), r"^pgconvoy_0\.\d+\.\d+(\+git\d{14}\.[0-9a-f]{10})?_amd64\.deb$" if os.uname().machine == "x86_64" else r"^pgconvoy_")
        entries = {}
        for line in call("dpkg-deb", "--contents", package).splitlines():
            mode, owner, _, _, _, name = line.split(None, 5)
            self.assertEqual(owner, "root/root", name)
            self.assertNotEqual(mode[8], "w", name)
            entries[name.removeprefix(".").split(" -> ")[0]] = mode
        for wanted in ("/usr/bin/pgconvoy", "/etc/pgconvoy/worker.env", "/etc/pgconvoy/run.env", "/usr/lib/sysusers.d/pgconvoy.conf", "/usr/lib/systemd/system/pgconvoy-run@.timer",
                       "/usr/lib/systemd/system/pgconvoy-run@.service", "/usr/lib/systemd/system/pgconvoy-worker@.service", "/usr/share/man/man1/pgconvoy.1.gz",
                       "/usr/share/bash-completion/completions/pgconvoy", "/usr/share/doc/pgconvoy/copyright", "/usr/share/doc/pgconvoy/examples/custom-operation/main.cpp",
                       "/usr/share/doc/pgconvoy/packaging/prometheus/pgconvoy.rules.yml"):
            self.assertIn(wanted, entries)
        self.assertEqual(entries["/usr/bin/pgconvoy"], "-rwxr-xr-x")
        self.assertEqual([name for name in entries if not name.startswith(("/usr/", "/etc/")) and name.strip("/") not in ("", "usr", "etc")], [])
        self.assertEqual([name for name in entries if "/include/" in name or name.endswith(".a") or "/usr/local" in name], [])
        control = call("dpkg-deb", "--field", package)
        for field in ("Package: pgconvoy", "Maintainer: ", "Section: database", "postgresql-client", "libpq5", "libncursesw6"):
            self.assertIn(field, control)
        scripts = os.path.join(self.folder, "control")
        call("dpkg-deb", "--control", package, scripts)
        for script in ("postinst", "postrm"):
            self.assertTrue(os.stat(os.path.join(scripts, script)).st_mode & stat.S_IXUSR)
            call("sh", "-n", os.path.join(scripts, script))
        with open(os.path.join(scripts, "conffiles"), encoding="utf-8") as file:
            self.assertEqual(file.read().split(), ["/etc/pgconvoy/run.env", "/etc/pgconvoy/worker.env"])

    def test_units_are_good(self):
        folder = os.path.join(CHECKOUT, "packaging", "systemd")
        units = [os.path.join(folder, name) for name in os.listdir(folder)]
        checked = os.path.join(self.folder, "units")
        os.makedirs(checked)
        for unit in units:
            with open(unit, encoding="utf-8") as file:
                text = file.read().replace("/usr/bin/pgconvoy", self.program)
            with open(os.path.join(checked, os.path.basename(unit).replace("@.", "@eu-west.")), "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *[os.path.join(checked, name) for name in os.listdir(checked)]], capture_output=True, text=True, check=False)
        complaints = [line for line in done.stderr.splitlines() if "pgconvoy" in line]
        self.assertEqual(complaints, [], done.stderr)

    if FULL:
        def test_somebody_elses_operation(self):
            """examples/custom-operation against the installed library: the program knows the operation, a runbook may name it, and a move with it does it."""
            call("cmake", "--install", BUILD, "--component", "development", "--prefix", os.path.join(self.folder, "dev"))
            example, build = os.path.join(CHECKOUT, "examples", "custom-operation"), os.path.join(self.folder, "example")
            with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as file:
                flags = {name: value for name, value in re.findall(r"^(CMAKE_CXX_FLAGS_\w+|CMAKE_BUILD_TYPE):\w+=(.*)$", file.read(), re.MULTILINE)}
            call("cmake", "-S", example, "-B", build, f"-DCMAKE_PREFIX_PATH={self.folder}/dev", *[f"-D{name}={value}" for name, value in flags.items()])
            call("cmake", "--build", build)
            own = os.path.join(build, "convoy-with-labels")
            text = call(own, "runbook", "show", "postgres-13-to-15", "--output", "yaml") + "  - label_new_database: {text: moved by us}\n"
            runbook = os.path.join(self.folder, "own.yaml")
            with open(runbook, "w", encoding="utf-8") as file:
                file.write(text)
            self.assertIn("is good", call(own, "runbook", "validate", runbook))
            self.assertNotEqual(subprocess.run([PROGRAM, "runbook", "validate", runbook], capture_output=True, check=False).returncode, 0)
            with Laboratory(regions=1, databases=1, apps=0, seed=94) as lab:
                done = subprocess.run([own, "run", "-f", lab.fleet, "--runbook", runbook, "--yes"], capture_output=True, text=True, check=False, env=lab.environment(), cwd=lab.base, timeout=90)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                [comment] = lab.psql("eu-west-pg15", "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")
                self.assertEqual(comment, "moved by us, r1")


if __name__ == "__main__":
    unittest.main()
