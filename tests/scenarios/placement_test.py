"""Two target servers in a region: the plan chooses, the run keeps to it; what was made beforehand is adopted and given back."""
import signal
import unittest

import yaml

from .support import ScenarioTest, wait_for

FIRST, SECOND, OLD = "eu-west-pg15", "eu-west-pg15-2", "eu-west-pg13"
ADOPT = ("--set", "adopt_empty_database=true")
PROPERTIES = """
    SELECT pg_get_userbyid(d.datdba), d.datallowconn, d.datconnlimit, shobj_description(d.oid, 'pg_database'),
           (SELECT string_agg(format('%s %s %s', a.grantee::regrole, a.privilege_type, a.is_grantable), ', ' ORDER BY 1)
            FROM aclexplode(d.datacl) a),
           (SELECT string_agg(format('%s: %s', s.setrole::regrole, s.setconfig), ', ' ORDER BY 1) FROM pg_db_role_setting s
            WHERE s.setdatabase = d.oid)
    FROM pg_database d WHERE d.datname = '{}'"""


class PlacementTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 8, "apps": 3, "seed": 5, "target_servers": 2}

    def setUp(self):
        self.lab.use_journal(self.id().rsplit(".", 1)[1])

    def edited_fleet(self, name, edit):
        """Beside the laboratory's own, whose paths are relative to its directory."""
        fleet = self.read_fleet()
        edit(fleet)
        path = self.lab.path(f"{name}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(fleet, file, allow_unicode=True)
        return path

    def plan(self, *arguments):
        return self.lab.json("plan", *self.lab.fleet_arguments(*arguments))

    def placements(self, plan):
        return {instance: placement for target in plan["targets"] for instance, placement in target["placements"].items()}

    def findings(self, plan):
        return [finding for target in plan["targets"] for finding in target["findings"]
                if finding["condition"] == "target_database_absent"]

    def test_caps_force_a_split_and_the_run_does_what_the_plan_says(self):
        def cap(fleet, first, second):
            fleet["servers"][FIRST]["caps"] = {"databases": len(self.lab.user_databases(FIRST)) + first}
            fleet["servers"][SECOND]["caps"] = {"databases": len(self.lab.user_databases(SECOND)) + second}
        moving = [each for each in self.lab.record["databases"] if each["environment"] not in ("shop-live",)]
        names = self.lab.file("some", "".join(each["environment"] + "\n" for each in moving))
        fleet = self.edited_fleet("capped", lambda fleet: cap(fleet, 5, 2))
        arguments = ("-f", fleet, "--limit", f"@{names}", "--seed", "7")
        plan = self.plan(*arguments)
        placements = self.placements(plan)
        servers = [placement["target_server"] for placement in placements.values()]
        self.assertEqual((servers.count(FIRST), servers.count(SECOND)), (5, 2))
        self.assertTrue(all(placement["because"] for placement in placements.values()))
        # How much of the disk is free changes from moment to moment: the reason may, the choice may not.
        again = [placement["target_server"] for placement in self.placements(self.plan(*arguments)).values()]
        self.assertEqual(again, servers)
        self.assertIn(SECOND, self.lab.run("plan", *self.lab.fleet_arguments(*arguments)).stdout)

        full = self.edited_fleet("full", lambda fleet: cap(fleet, 4, 2))
        refused = self.assert_exit(self.lab.run("plan", *self.lab.fleet_arguments("-f", full, "--limit", f"@{names}")), 2)
        self.assertIn("caps.databases", refused.stderr)

        self.lab.use_journal("as_planned")
        few = self.lab.file("few", "billing-live\nforum-live\n")
        stored = self.plan("-f", fleet, "--limit", f"@{few}")
        self.assert_exit(self.lab.run("run", "--plan", stored["run"], "--yes"), 0)
        placements = self.placements(stored)
        self.assertEqual({placement["target_server"] for placement in placements.values()}, {FIRST, SECOND})
        for each in moving:
            if each["instance"] in placements:
                server = placements[each["instance"]]["target_server"]
                self.assertIn(each["database"], self.lab.user_databases(server))
                self.assert_healthy_on(each["environment"], 15)

    def test_two_databases_of_one_name_do_not_meet(self):
        # The same server under another id stands for a second old one.
        def twin(fleet):
            fleet["servers"]["older"] = dict(fleet["servers"][OLD])
            fleet["instances"]["twin-db"] = {**fleet["instances"]["shop-live-db"], "server": "older"}
        fleet = self.edited_fleet("twins", twin)
        names = self.lab.file("twins", "shop-live\ntwin-db\n")
        placements = self.placements(self.plan("-f", fleet, "--limit", f"@{names}"))
        self.assertEqual({placements["shop-live-db"]["target_server"], placements["twin-db"]["target_server"]}, {FIRST, SECOND})

        def alone(fleet):
            twin(fleet)
            del fleet["servers"][SECOND]
        refused = self.lab.run("plan", *self.lab.fleet_arguments("-f", self.edited_fleet("alone", alone), "--limit", f"@{names}"))
        self.assert_exit(refused, 2)
        self.assertIn("same name", refused.stderr)

    def test_server_out_of_reach_is_left_out(self):
        def lost(fleet):
            fleet["servers"][FIRST]["url"] = "postgresql://postgres@127.0.0.1:1/postgres"
        plan = self.plan("-f", self.edited_fleet("lost", lost), "--limit", "shop-live")
        self.assertEqual(self.placements(plan)["shop-live-db"]["target_server"], SECOND)
        [finding] = [each for each in plan["targets"][0]["findings"] if each["condition"] == "placement"]
        self.assertEqual((finding["severity"], finding["object"]), ("warn", f"server {FIRST}"))

    def state(self):
        return self.lab.psql(SECOND, PROPERTIES.format(self.database))

    def oid(self):
        return self.lab.psql(SECOND, f"SELECT oid FROM pg_database WHERE datname = '{self.database}'")

    def test_adoption(self):
        lab, application = self.lab, "shop-live"
        self.database, role = lab.database_of(application)["database"], lab.database_of(application)["role"]
        [verifier] = lab.psql(OLD, f"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'")
        lab.psql(SECOND, f"CREATE ROLE {role} LOGIN PASSWORD '{verifier}'; CREATE ROLE watcher")
        lab.psql(SECOND, f"CREATE DATABASE {self.database} OWNER {role} TEMPLATE template0")
        lab.psql(SECOND, f"""ALTER DATABASE {self.database} SET work_mem = '7MB'; ALTER ROLE watcher IN DATABASE {self.database} SET work_mem = '9MB';
                             ALTER DATABASE {self.database} CONNECTION LIMIT 17; REVOKE ALL ON DATABASE {self.database} FROM public;
                             GRANT CONNECT ON DATABASE {self.database} TO watcher; COMMENT ON DATABASE {self.database} IS 'by code'""")
        before, first_oid = self.state(), self.oid()

        # Somebody's table in it.
        lab.psql(SECOND, "CREATE TABLE theirs ()", self.database)
        [finding] = self.findings(self.plan("--limit", application, *ADOPT))
        self.assertEqual(finding["severity"], "block")
        self.assertIn("not empty", finding["evidence"])
        lab.psql(SECOND, "DROP TABLE theirs", self.database)

        # Nobody allowed it: the plan keeps away from it. Allowed, it is where the database goes.
        self.assertEqual(self.placements(self.plan("--limit", application))[f"{application}-db"]["target_server"], FIRST)
        plan = self.plan("--limit", application, *ADOPT)
        self.assertEqual(self.placements(plan)[f"{application}-db"]["target_server"], SECOND)
        self.assertEqual([finding["severity"] for finding in self.findings(plan)], ["info"])

        # Undone while it is empty: the same database again. That the password is refused is known beforehand, and overridden.
        lab.psql(SECOND, f"ALTER ROLE {role} PASSWORD 'another'")
        self.assert_exit(lab.migrate("--limit", application, *ADOPT), 4)
        lab.use_journal("undone_while_empty")
        self.assert_exit(lab.migrate("--limit", application, *ADOPT, "--override", "roles_restorable=to see it undone"), 1)
        self.assertEqual((self.state(), self.oid()), (before, first_oid))
        self.assertEqual(lab.leftovers(SECOND), [])
        lab.psql(SECOND, f"ALTER ROLE {role} PASSWORD '{verifier}'")

        # Undone when it was filled: another one, empty, with the same properties.
        lab.use_journal("undone_after_restore")
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=15)
        impatient = lab.edited_runbook(redeploy="{health_timeout: 2s}")
        self.assert_exit(lab.migrate("--runbook", impatient, "--limit", application, *ADOPT), 1)
        self.assertEqual(lab.journal.target_states(), {application: "rolled_back"})
        self.assertEqual(self.state(), before)
        self.assertNotEqual(self.oid(), first_oid)
        self.assertEqual(lab.psql(SECOND, "SELECT count(*) FROM pg_class WHERE oid >= 16384", self.database), ["0"])
        self.assertEqual(lab.leftovers(SECOND), [])
        self.assert_healthy_on(application, 13)
        lab.set_environment(application, FAIL_HEALTH_ON_VERSION=None)

        # Killed while it adopts; resumed it is the new database.
        lab.use_journal("killed_while_adopting")
        adopted = self.oid()
        with lab.start("run", *lab.fleet_arguments("--limit", application, *ADOPT), "--yes") as run:
            wait_for("it to be adopted", lambda: self.oid() != adopted, every=0)
            run.signal(signal.SIGKILL)
            run.finish()
        self.assert_exit(lab.run("resume", "r1"), 0)
        self.assertEqual(self.oid(), adopted)
        self.assert_healthy_on(application, 15)
        self.assert_ledger_complete(application)
        self.assert_journal_clean()
        self.assertEqual(lab.leftovers(SECOND), [])


if __name__ == "__main__":
    unittest.main()
