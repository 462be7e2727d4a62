"""A tenant's functions, triggers and settings: none runs with more rights than the tenant has, none breaks the move."""
import os
import unittest

from .support import ScenarioTest

APPLICATION = "shop-live"
# Fails for whoever has more rights than the owner it is asked about: a superuser, or a member of another owner.
GUARD = """
    CREATE SCHEMA "my INDEX"; GRANT ALL ON SCHEMA "my INDEX" TO PUBLIC;
    CREATE FUNCTION "my INDEX".guard(n integer, foreign_owner text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
      IF current_setting('is_superuser') = 'on' OR session_user = 'postgres' THEN RAISE 'run by a superuser: %', session_user; END IF;
      IF pg_has_role(session_user, foreign_owner, 'member') THEN RAISE '% may do what % may', session_user, foreign_owner; END IF;
      RETURN n;
    END $$;
"""


class TenantsCodeTest(ScenarioTest):
    laboratory_options = {"regions": 1, "databases": 1, "apps": 1, "seed": 61}

    def prepare(self, statements, role=None):
        self.lab.psql(self.old, "SET client_min_messages = error; " + (f"SET SESSION AUTHORIZATION {role}; " if role else "") + statements, "shop_live")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lab = cls.lab
        cls.old, cls.new = lab.server("eu-west", 13), lab.server("eu-west", 15)
        lab.psql(cls.old, """CREATE ROLE second_owner; CREATE ROLE bystander LOGIN CREATEROLE; GRANT CREATE ON DATABASE shop_live TO second_owner;
                             ALTER ROLE shop_live SET app.signing_key = 'hunter2-of-the-role';
                             ALTER DATABASE shop_live SET app.other_key = 'hunter2-of-the-database'""")
        one = cls("prepare")
        one.prepare(GUARD)
        one.prepare("""
            CREATE TABLE "my INDEX".mine (n integer CHECK ("my INDEX".guard(n, 'second_owner') > 0),
                                          twice integer GENERATED ALWAYS AS ("my INDEX".guard(2, 'second_owner') * n) STORED);
            INSERT INTO "my INDEX".mine SELECT generate_series(1, 50);
            CREATE INDEX mine_n ON "my INDEX".mine ("my INDEX".guard(n, 'second_owner'));
            COMMENT ON INDEX "my INDEX".mine_n IS 'in a schema whose name has a space and a word that is a type';
            CREATE TABLE "my INDEX".parts (n integer) PARTITION BY RANGE ((n + "my INDEX".guard(1, 'second_owner')));
            CREATE TABLE "my INDEX".part_1 PARTITION OF "my INDEX".parts FOR VALUES FROM (0) TO (100);
            INSERT INTO "my INDEX".parts SELECT generate_series(1, 50);
            CREATE MATERIALIZED VIEW "my INDEX".seen AS SELECT "my INDEX".guard(n, 'second_owner') FROM "my INDEX".mine""", "shop_live")
        one.prepare("""
            CREATE TABLE "my INDEX".theirs (n integer CHECK ("my INDEX".guard(n, 'shop_live') > 0));
            INSERT INTO "my INDEX".theirs SELECT generate_series(1, 50)""", "second_owner")
        # What the administrator keeps, and lets the application refer to.
        one.prepare('CREATE TABLE "my INDEX".lookup (id integer PRIMARY KEY); INSERT INTO "my INDEX".lookup SELECT generate_series(1, 50);'
                    'GRANT SELECT, REFERENCES ON "my INDEX".lookup TO shop_live')
        one.prepare('CREATE TABLE "my INDEX".refers (id integer REFERENCES "my INDEX".lookup); INSERT INTO "my INDEX".refers VALUES (1), (2)', "shop_live")
        # The usual audit of definitions: it writes a row for each. And one that forbids them.
        one.prepare("""
            CREATE TABLE public.definitions (command text);
            CREATE FUNCTION public.note_definition() RETURNS event_trigger LANGUAGE plpgsql AS $$
              BEGIN INSERT INTO public.definitions VALUES (tg_tag); END $$;
            CREATE FUNCTION public.forbid_grants() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no grants here'; END $$;
            CREATE EVENT TRIGGER note_definition ON ddl_command_end EXECUTE FUNCTION public.note_definition();
            CREATE EVENT TRIGGER forbid_grants ON ddl_command_start WHEN TAG IN ('GRANT', 'REVOKE') EXECUTE FUNCTION public.forbid_grants();
            CREATE EVENT TRIGGER forbid_drops ON sql_drop EXECUTE FUNCTION public.forbid_grants()""")
        cls.writer = lab.start_writer(APPLICATION)
        cls.writer.wait_for_more()
        cls.done = lab.migrate()

    def test_everything_arrives(self):
        self.assert_exit(self.done, 0)
        self.writer.wait_for_more()
        self.writer.stop()
        self.assert_healthy_on(APPLICATION, 15)
        self.assert_ledger_complete(APPLICATION, self.writer)
        self.assertEqual(self.lab.leftovers(self.new), [])
        for table in ("mine", "theirs", "part_1", "lookup"):
            self.assertEqual(self.lab.psql(self.new, f'SELECT count(*) FROM "my INDEX".{table}', "shop_live"), ["50"])
        self.assertEqual(self.lab.psql(self.new, "SELECT obj_description('\"my INDEX\".mine_n'::regclass) IS NOT NULL", "shop_live"), ["t"])
        self.assertEqual(self.lab.psql(self.new, "SELECT evtname FROM pg_event_trigger ORDER BY 1", "shop_live"),
                         ["forbid_drops", "forbid_grants", "note_definition"])
        self.assertEqual(self.lab.psql(self.new, "SELECT count(*) FROM public.definitions", "shop_live"),
                         self.lab.psql(self.new, "SELECT 0", "shop_live"))

    def test_settings_arrive_and_their_values_are_nowhere_else(self):
        self.assertIn("app.signing_key=hunter2-of-the-role",
                      self.lab.psql(self.new, "SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setdatabase = 0"))
        self.assertIn("app.other_key=hunter2-of-the-database",
                      self.lab.psql(self.new, "SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setdatabase <> 0"))
        texts = [self.done.stdout, self.done.stderr, self.lab.run("report", "--output", "json").stdout, self.lab.run("logs", "r1", APPLICATION).stdout]
        for name in os.listdir(self.lab.base):
            if name.startswith("journal.db"):
                with open(os.path.join(self.lab.base, name), "rb") as file:
                    texts.append(file.read().decode("latin-1"))
        self.assertFalse(any("hunter2" in text for text in texts), "a setting's value was written down")


if __name__ == "__main__":
    unittest.main()
