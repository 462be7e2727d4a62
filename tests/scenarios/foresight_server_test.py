"""What check finds about servers and applications, where a database alone can't show it: one laboratory with everything wrong at once,
and before that, nothing. The databases that it judges are in foresight_test."""
import os
import subprocess
import unittest

from .support import Laboratory, wait_for

VIEWS = 1800  # more than the old server's room for 720 locks, and than what its shared memory has to spare


class ForesightServerTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = lab = cls.enterClassContext(Laboratory(databases=1, apps=1, seed=52))
        cls.old, cls.new = lab.server("eu-west", 13), lab.server("eu-west", 15)
        (cls.application,) = lab.record["applications"]
        cls.database = lab.database_of(cls.application)["database"]
        cls.before = cls.check()
        cls.spoil_servers()
        cls.spoil_application()
        with cls.session("BEGIN; SELECT pg_sleep(60)"):
            wait_for("a transaction of three seconds", lambda: lab.psql(
                cls.old, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'batch' AND xact_start < now() - interval '3 s'"))
            runbook = lab.edited_runbook(no_long_transactions="{longer_than: 2s}")
            cls.after = cls.check("--runbook", runbook)

    @classmethod
    def check(cls, *more):
        """Findings of the one target."""
        (target,) = cls.lab.json("check", *cls.lab.fleet_arguments(*more))["targets"]
        return target["findings"]

    @classmethod
    def session(cls, sql):
        environment = cls.lab.environment(PGAPPNAME="batch")
        port = str(cls.lab.record["servers"][cls.old]["port"])
        process = subprocess.Popen(["psql", "-X", "-q", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-d", cls.database, "-c", sql],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)

        class Session:
            def __enter__(self):
                return process

            def __exit__(self, *_):
                process.kill()
                process.wait()
        return Session()

    @classmethod
    def spoil_servers(cls):
        lab = cls.lab
        for setting in ("max_locks_per_transaction = 10", "max_pred_locks_per_transaction = 10", "max_connections = 40", "archive_mode = on", "archive_command = 'true'"):
            lab.psql(cls.old, f"ALTER SYSTEM SET {setting}")
        lab.psql(cls.old, "CREATE ROLE watcher LOGIN")
        lab.psql(cls.old, "GRANT pg_monitor TO watcher")
        for start in range(0, VIEWS, 200):
            lab.psql(cls.old, f"DO $$ BEGIN FOR i IN {start}..{start + 199} LOOP EXECUTE format('CREATE VIEW public.v%s AS SELECT 1 AS a', i); END LOOP; END $$",
                     cls.database)
        # The new server's certificate ends soon, and no authority that anybody trusts signed it.
        data = lab.psql(cls.new, "SHOW data_directory")[0]
        owner = os.stat(data)
        for name in ("soon.crt", "soon.key"):
            with open(os.path.join(data, name), "w", encoding="utf-8"):
                pass
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "10", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", os.path.join(data, "soon.key"), "-out", os.path.join(data, "soon.crt")],
                       check=True, capture_output=True)
        for name in ("soon.crt", "soon.key"):
            os.chown(os.path.join(data, name), owner.st_uid, owner.st_gid)
            os.chmod(os.path.join(data, name), 0o600)
        for setting in ("ssl_cert_file = 'soon.crt'", "ssl_key_file = 'soon.key'", "ssl = on"):
            lab.psql(cls.new, f"ALTER SYSTEM SET {setting}")
        lab.psql(cls.new, "SELECT pg_reload_conf()")
        lab.lab("server", "stop", cls.old)
        lab.lab("server", "start", cls.old)

    @classmethod
    def spoil_application(cls):
        lab, home = cls.lab, cls.lab.path("apps", cls.application)
        port = lab.record["servers"][cls.old]["port"]
        with open(os.path.join(home, "env"), encoding="utf-8") as file:
            (url,) = [line.split("=", 1)[1].strip() for line in file if line.startswith("DATABASE_URL=")]
        authority = lab.file("authority.crt", "")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "10", "-subj", "/CN=somebody",
                        "-keyout", lab.file("authority.key", ""), "-out", authority], check=True, capture_output=True)
        lab.set_environment(cls.application, DATABASE_URL=f"{url}{'&' if '?' in url else '?'}sslmode=verify-full&sslrootcert={authority}",
                            REPORT_URL=f"jdbc:postgresql://127.0.0.1:{port}/anything", PGPORT=str(port), OTHER_URL="http://127.0.0.1:1/")
        os.rename(os.path.join(home, "run"), os.path.join(home, "run.gone"))

    def found(self, condition):
        """(severity, object) of what was found after, and nothing of it before."""
        self.assertEqual([], [each for each in self.before if each["condition"] == condition and each["severity"] in ("warn", "block")])
        return [(each["severity"], each["object"], each["evidence"]) for each in self.after
                if each["condition"] == condition and each["severity"] in ("warn", "block")]

    def assert_found(self, condition, *expected):
        found = self.found(condition)
        self.assertEqual(len(found), len(expected), found)
        for wanted, named, words in expected:
            self.assertTrue(any(severity == wanted and named in thing and words in evidence for severity, thing, evidence in found),
                            f"{wanted} {named} {words}: {found}")

    def test_a_dump_that_the_lock_table_has_no_room_for(self):
        self.assert_found("large_objects_fit_locks", ("block", self.database, f"{self.old} has room for 720 locks"))
        environment = self.lab.environment()
        port = str(self.lab.record["servers"][self.old]["port"])
        dump = subprocess.run(["pg_dump", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-f", "/dev/null", "--no-sync", self.database],
                              capture_output=True, text=True, check=False, env=environment)
        self.assertIn("out of shared memory", dump.stderr)

    def test_a_server_that_is_archived_and_watched_and_one_that_is_not(self):
        self.assert_found("target_is_backed_up", ("warn", self.new, "archives no WAL"), ("warn", self.new, '"watcher"'))

    def test_a_certificate_that_ends_soon_and_that_the_application_refuses(self):
        self.assert_found("certificates_accepted", ("block", "variable DATABASE_URL", "certificate verify failed"), ("warn", self.new, "ends in "))

    def test_a_long_transaction_of_somebody_else(self):
        self.assert_found("no_long_transactions", ("warn", self.database, 'application "batch"'))
        self.assert_found("other_clients_seen", ("warn", self.database, 'application "batch"'))

    def test_variables_that_no_binding_names(self):
        self.assert_found("variables_follow", ("warn", "variable PGPORT", "the port"), ("warn", "variable REPORT_URL", "the address 127.0.0.1:"))

    def test_a_start_program_that_is_gone(self):
        self.assert_found("application_startable", ("block", self.application, "run: No such file"))


if __name__ == "__main__":
    unittest.main()
