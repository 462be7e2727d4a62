"""Backups that last: encrypted, put into a store, checked, restored by stock tools on another server, taken again when they are gone."""
import json
import os
import signal
import socket
import stat
import subprocess
import unittest

import yaml

from .support import SECONDS_AT_MOST, ScenarioTest, wait_for

BLOCKED = 4
KNOWN = "a row that nobody else may read"
STORE = """#!/bin/sh
# store put|get|remove KEY: a folder.
file={folder}/$2
case $1 in
  put) mkdir -p "$(dirname "$file")" && cat > "$file.part" && mv "$file.part" "$file" ;;
  get) cat "$file" ;;
  remove) rm -f "$file" ;;
esac
"""


def flip_a_byte(path):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


class BackupsTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 6, "apps": 1, "seed": 29}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lab = cls.lab
        cls.old, cls.new = lab.server("eu-west", 13), lab.server("eu-west", 15)
        cls.key = os.path.join(lab.base, "backups.key")
        subprocess.run(["age-keygen", "-o", cls.key], check=True, capture_output=True)
        recipient = subprocess.run(["age-keygen", "-y", cls.key], check=True, capture_output=True, text=True).stdout.strip()
        cls.store = os.path.join(lab.base, "store")
        program = lab.file("store.sh", STORE.format(folder=cls.store))
        os.chmod(program, 0o700)
        cls.policy = {"directory": "fleets-backups", "retention": "90d", "encrypt": ["age", "-r", recipient],
                      "decrypt": ["age", "-d", "-i", cls.key], "upload": [program, "put"], "download": [program, "get"],
                      "remove": [program, "remove"]}
        cls.fleet = cls.fleet_with(cls.policy)
        cls.databases = [each["environment"] for each in lab.record["databases"] if each["environment"] not in lab.record["applications"]]

    @classmethod
    def fleet_with(cls, policy):
        with open(cls.lab.fleet, encoding="utf-8") as file:
            fleet = yaml.safe_load(file)
        fleet["backups"] = policy
        path = cls.lab.path(f"backups-{len(os.listdir(cls.lab.directory))}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file)
        return path

    def setUp(self):
        name = self.id().rsplit(".", 1)[1]
        self.lab.use_journal(name)
        self.lab.backups = os.path.join(self.lab.base, f"backups-{name}")

    def rows(self, server, database):
        # Two servers may sort by different collations.
        return sorted(self.lab.psql(server, """
            SELECT c.oid::regclass, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || c.oid::regclass, true, true, '')))[1]
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')""", database))

    def backups(self):
        return self.lab.json("backups", "list")["backups"]

    def files(self, *folders):
        return [os.path.join(base, name) for folder in folders for base, _, names in os.walk(folder) for name in names]

    def assert_nothing_is_readable(self):
        for path in self.files(self.lab.backups, self.store):
            with open(path, "rb") as file:
                content = file.read()
            self.assertTrue(content.startswith(b"age-encryption.org/"), path)
            self.assertNotIn(KNOWN.encode(), content)

    def stored(self, backup):
        return os.path.join(self.store, backup["key"])

    def test_encrypted_stored_checked_exported_and_restored_by_stock_tools(self):
        lab, application = self.lab, "shop-live"
        database = lab.database_of(application)["database"]
        lab.psql(self.old, f"CREATE TABLE public.known AS SELECT '{KNOWN}'::text AS text", database)
        writer = lab.start_writer(application)
        writer.wait_for_more()
        writer.stop()
        expected = self.rows(self.old, database)
        self.assert_exit(lab.migrate("-f", self.fleet, "--limit", application, "--backup-note", "before the move", "--backup-retention",
                                     "1s", "--set", "retention=0"), 0)
        self.assert_healthy_on(application, 15)
        [backup] = self.backups()
        self.assertEqual((backup["encrypted"], backup["host"], backup["note"], backup["state"]),
                         (True, socket.gethostname(), "before the move", "kept"))
        self.assertTrue(backup["file"].endswith(".dump.age") and backup["key"].endswith(".dump.age"), backup)
        self.assertEqual(stat.S_IMODE(os.stat(backup["file"]).st_mode), 0o600)
        self.assertEqual(self.files(lab.backups), [backup["file"]])
        self.assert_nothing_is_readable()
        self.assert_exit(lab.run("backups", "verify", "--all"), 0)

        for copy, word in ((backup["file"], "file"), (self.stored(backup), "store")):
            flip_a_byte(copy)
            done = self.assert_exit(lab.run("backups", "verify", backup["id"], "--output", "json"), 1)
            [verdict] = json.loads(done.stdout)["backups"]
            self.assertEqual((verdict[word], verdict["good"]), ("bad", False))
            self.assertIn("sha256", verdict["problem"])
            flip_a_byte(copy)

        # By pgconvoy, out of the store.
        lab.psql(self.new, "CREATE DATABASE shop_again TEMPLATE template0")
        os.rename(backup["file"], backup["file"] + ".away")
        self.assert_exit(lab.run("backups", "restore", backup["id"], "--to", lab.url(self.new, "shop_again")), 0)
        os.rename(backup["file"] + ".away", backup["file"])
        self.assertEqual(self.rows(self.new, "shop_again"), expected)

        # By stock tools, on the other server: with the very commands that are shown, and from what was exported.
        shown = self.lab.json("backups", "show", backup["id"])
        self.assertGreaterEqual(shown["holds"]["TABLE"], len(expected))
        exported, readable = os.path.join(lab.base, "shop.dump.age"), os.path.join(lab.base, "shop.dump")
        self.assert_exit(lab.run("backups", "export", backup["id"], exported), 0)
        self.assert_exit(lab.run("backups", "export", backup["id"], readable, "--decrypt"), 0)
        self.assert_exit(lab.run("backups", "export", backup["id"], readable), 2)  # it is there already
        self.assertEqual(stat.S_IMODE(os.stat(readable).st_mode), 0o600)
        port = lab.record["servers"][self.old]["port"]
        as_shown = shown["commands"]
        made, restored = as_shown[:-1], as_shown[-1]
        from_exported = [*made, restored.replace(backup["file"], exported)]
        decrypted = [*made, f"pg_restore --exit-on-error --no-owner --dbname=postgresql://ROLE@HOST:PORT/NEW_NAME {readable}"]
        role = lab.database_of(application)["role"]
        passwords = ""
        for secret in ("admin.passfile", "roles.passfile"):
            with open(lab.path("secrets", secret), encoding="utf-8") as file:
                passwords += file.read()
        passfile = lab.file("both.passfile", passwords)
        os.chmod(passfile, 0o600)
        for name, commands in (("as_shown", as_shown), ("from_exported", from_exported), ("decrypted", decrypted)):
            with self.subTest(name):
                for command in commands:
                    for word, value in (("NEW_NAME", name), ("USER", "postgres"), ("ROLE", role), ("HOST", "127.0.0.1"), ("PORT", str(port))):
                        command = command.replace(word, value)
                    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False,
                                          env=lab.environment(PGPASSFILE=passfile), timeout=SECONDS_AT_MOST)
                    self.assertEqual(done.returncode, 0, command + "\n" + done.stderr)
                self.assertEqual(self.rows(self.old, name), expected)
                self.assertEqual(lab.psql(self.old, "SELECT text FROM known", name), [KNOWN])
                self.assertEqual(lab.psql(self.old, "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'known'", name), [role])
                self.assertEqual(lab.psql(self.old, f"SELECT has_database_privilege('public', '{name}', 'CONNECT')"), ["f"])

        # On another host there is no such file; without a store that is an error which says where it is.
        elsewhere = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")
        if subprocess.run([*elsewhere, "true"], capture_output=True, check=False).returncode == 0:
            os.rename(backup["file"], backup["file"] + ".away")
            self.assert_exit(lab.run("backups", "verify", "--all", wrapper=elsewhere), 0)
            refused = lab.run("backups", "prune", backup["id"], "--yes", wrapper=elsewhere)
            self.assert_exit(refused, 1)
            self.assertIn(f"on host {socket.gethostname()}", refused.stdout)
            os.rename(backup["file"] + ".away", backup["file"])

        # Its time is over.
        due = self.assert_exit(lab.run("cleanup", "--dry-run"), 0).stdout
        self.assertIn("the retention of 1 backup is over", due)
        self.assertIn("1 backup (", self.assert_exit(lab.run("backups", "prune", "--dry-run"), 0).stdout)
        self.assertTrue(os.path.exists(backup["file"]))
        self.assert_exit(lab.run("backups", "prune"), 2)  # nobody answers, and nobody said --yes
        self.assert_exit(lab.run("backups", "prune", "--yes"), 0)
        self.assertEqual(self.files(lab.backups), [])
        self.assertFalse(os.path.exists(self.stored(backup)))
        self.assertEqual([each["state"] for each in self.backups()], ["deleted"])
        self.assert_exit(lab.run("backups", "prune", "--yes"), 0)
        self.assert_journal_clean()

    def kill_while_restoring(self, target):
        lab = self.lab
        with lab.start("run", *lab.fleet_arguments("-f", self.fleet, "--limit", target), "--backup-retention", "1s", "--yes") as run:
            wait_for("the restore", lambda: lab.journal.is_started("restore_backup_to_reprovisioned_services"), every=0)
            run.signal(signal.SIGKILL)
            run.finish()
        self.assertTrue(lab.journal.is_started("restore_backup_to_reprovisioned_services"), "it was over before the kill")
        [backup] = self.backups()
        return backup, backup["file"].removesuffix(".age")

    def assert_resumed(self, target, why):
        lab = self.lab
        database = lab.database_of(target)["database"]
        self.assert_exit(lab.run("resume", "r1"), 0)
        self.assertEqual(lab.journal.target_states(), {target: "succeeded"})
        self.assertIn(database, lab.user_databases(self.new))
        outcomes = [json.loads(text) for (text,) in lab.journal.rows(
            "SELECT data FROM events WHERE kind = 'step_succeeded' AND step LIKE '%/restore_backup%'")]
        self.assertIn(why, outcomes[-1]["outcome"]["archive"])
        self.assert_nothing_is_readable()
        self.assert_journal_clean()
        # The old database still waits for its drop: so does the backup.
        pruned = self.assert_exit(lab.run("backups", "prune", "--yes"), 0)
        self.assertIn("cleanup comes first", pruned.stdout)
        return self.backups()

    def test_resume_with_a_corrupted_working_file_decrypts_again(self):
        backup, working = self.kill_while_restoring(self.databases[0])
        flip_a_byte(working)
        self.assertEqual(self.assert_resumed(self.databases[0], "decrypted again"), [backup])

    def test_resume_without_files_takes_it_out_of_the_store(self):
        backup, working = self.kill_while_restoring(self.databases[1])
        os.unlink(working)
        os.unlink(backup["file"])
        [again] = self.assert_resumed(self.databases[1], "out of the store")
        self.assertEqual(again["sha256"], backup["sha256"])

    def test_resume_without_anything_takes_the_backup_again(self):
        target = self.databases[2]
        backup, working = self.kill_while_restoring(target)
        os.unlink(working)
        flip_a_byte(backup["file"])
        os.unlink(self.stored(backup))
        [first, second] = self.assert_resumed(target, "taken again from the fenced source")
        self.assertEqual(first["file"], backup["file"])
        self.assertNotEqual(second["file"], backup["file"])
        self.assert_exit(self.lab.run("backups", "verify", second["id"]), 0)
        self.assert_exit(self.lab.run("backups", "verify", first["id"]), 1)
        # The way back is as free as ever, and leaves the backups alone.
        self.assert_exit(self.lab.run("rollback", "r1", target, "--yes"), 0)
        self.assertEqual(self.backups(), [first, second])
        self.assertIn("newest backup", self.assert_exit(self.lab.run("backups", "prune", "--yes"), 0).stdout)
        self.assertEqual([each["state"] for each in self.backups()], ["deleted", "kept"])
        self.assert_journal_clean()

    def test_another_host_takes_the_backup_again_before_the_pivot(self):
        """The host that restored it is gone with its file, and there is no store: who goes on can't see the backup that the pivot asks for."""
        target, lab = self.databases[4], self.lab
        lab.make_slow(target, 1.5)  # also what ANALYZE evaluates of it
        elsewhere = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")
        with lab.start("run", *lab.fleet_arguments("--limit", target), "--yes") as run:
            wait_for("the statistics", lambda: lab.journal.is_started("analyze_restored_services", target), seconds=60, every=0)
            run.signal(signal.SIGKILL)
            run.finish()
        self.assertFalse(lab.journal.has_begun("enable_reprovisioned_services"), "it was over before the kill")
        [first] = self.backups()
        os.rename(first["file"], first["file"] + ".on-the-other-host")
        self.assert_exit(lab.run("resume", "r1", wrapper=elsewhere), 0)
        self.assertEqual(lab.journal.target_states(), {target: "succeeded"})
        taken, again = self.backups()
        self.assertEqual((taken["file"], taken["host"]), (first["file"], socket.gethostname()))
        self.assertEqual((again["host"], again["state"]), ("elsewhere", "kept"))
        self.assertTrue(os.path.exists(again["file"]))
        self.assert_exit(lab.run("backups", "verify", again["id"], wrapper=elsewhere), 0)
        # Nothing of the restore was done anew for it, and nothing was undone.
        self.assertEqual(lab.journal.rows("SELECT count(*) FROM events WHERE kind = 'step_undone' AND step LIKE '%/restore_backup%'"), [(0,)])
        self.assert_journal_clean()

    def test_programs_that_fail_or_are_not_there(self):
        target, lab = self.databases[3], self.lab
        before = lab.catalogs()
        files = self.files(lab.backups, self.store)
        for key, program in (("encrypt", ["sh", "-c", "echo the token is used up >&2; exit 7"]),
                             ("encrypt", ["cat"]),
                             ("upload", ["sh", "-c", "cat > /dev/null; echo the token is used up >&2; exit 7"])):
            with self.subTest(key):
                lab.use_journal(f"failing-{key}-{program[0]}")
                done = lab.migrate("-f", self.fleet_with({**self.policy, key: program}), "--limit", target)
                self.assert_exit(done, 1)
                self.assertEqual(lab.journal.target_states(), {target: "rolled_back"})
                self.assertRegex(done.stdout + done.stderr, rf"{key} \((sh|cat)\)")
                self.assertRegex(done.stdout + done.stderr, "the token is used up|encrypted nothing")
                self.assertEqual(self.files(lab.backups, self.store), files)
                self.assertEqual(self.backups(), [])
        self.assertEqual(lab.catalogs(), before)
        fleet = self.fleet_with({**self.policy, "encrypt": ["no-such-filter"]})
        missing = lab.run("check", *lab.fleet_arguments("-f", fleet, "--limit", target))
        self.assert_exit(missing, BLOCKED)
        self.assertRegex(missing.stdout, "disk_space(.|\n)*no-such-filter")
        plan = lab.json("plan", *lab.fleet_arguments("-f", self.fleet, "--limit", target), environment={"PGCONVOY_BACKUP_DIRECTORY": ""})
        self.assertEqual(plan["options"]["backup_directory"], lab.path("fleets-backups"))


if __name__ == "__main__":
    unittest.main()
