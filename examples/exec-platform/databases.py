"""Roles and databases on the platform's PostgreSQL servers: what a provisioner does."""
import re

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from store import Refused

DROPPABLE = """
SELECT r.rolname FROM pg_roles r WHERE r.rolname = ANY(%s) AND r.rolname <> current_user
   AND NOT EXISTS (SELECT FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
                      AND d.classid <> 'pg_auth_members'::regclass)
   AND NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles o ON o.oid = m.member
                    WHERE m.roleid = r.oid AND o.rolname <> current_user AND NOT o.rolname = ANY(%s))"""
# Lists of names are stored with their own quotes, or as somebody gave them; everything else is one text.
LISTS = ("search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries", "shared_preload_libraries",
         "unix_socket_directories")
ELEMENT = re.compile(r'[ \t\n\r\f\v]*(?:"((?:[^"]|"")*)"|([^", \t\n\r\f\v][^, \t\n\r\f\v]*))[ \t\n\r\f\v]*(,|\Z)')


def split_list(text):
    """The elements of a stored list, as PostgreSQL splits it: "quoted", with "" inside for a quote, or bare."""
    elements, at, more = [], 0, bool(text.strip(" \t\n\r\f\v"))
    while more:
        found = ELEMENT.match(text, at)
        if not found:
            raise Refused(400, "a setting is not a list of names")
        quoted, bare, comma = found.groups()
        elements.append(bare if quoted is None else quoted.replace('""', '"'))
        at, more = found.end(), comma == ","
    return elements


class Databases:
    def __init__(self, servers, store):
        self.servers, self.store = servers, store  # name -> keyword arguments of psycopg2.connect

    def connect(self, server):
        if server not in self.servers:
            raise Refused(404, f"there is no server '{server}'")
        connection = psycopg2.connect(connect_timeout=10, application_name="platform", **self.servers[server])
        connection.autocommit = True
        return connection

    def create_database(self, server, caller, order):
        name = sql.Identifier(order["name"])
        connection = self.connect(server)
        with connection.cursor() as cursor:
            cursor.execute("SELECT oid::bigint FROM pg_database WHERE datname = %s", (order["name"],))
            found = cursor.fetchone()
            if found:
                # Ours when an earlier try of this very call was about to make it, somebody else's otherwise.
                if self.store.made_before(caller, order["name"]) != "begun":
                    raise Refused(409, f"database {order['name']} exists already")
            else:
                self.store.remember(caller, order["name"], "begun")
                options = [sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ALLOW_CONNECTIONS false")
                           .format(name, sql.Identifier(order["owner"]))]
                for key, word in (("encoding", "ENCODING"), ("collate", "LC_COLLATE"), ("ctype", "LC_CTYPE")):
                    if order.get(key):
                        options.append(sql.SQL(word + " {}").format(sql.Literal(order[key])))
                if connection.server_version >= 150000 and order.get("locale_provider"):
                    options.append(sql.SQL("LOCALE_PROVIDER {}").format(sql.Identifier(order["locale_provider"])))
                    if order["locale_provider"] == "icu":
                        options.append(sql.SQL("ICU_LOCALE {}").format(sql.Literal(order["provider_locale"])))
                cursor.execute(sql.SQL(" ").join(options))
            # Nobody may connect before PUBLIC has lost the right to.
            cursor.execute(sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(name))
            if order.get("comment"):
                cursor.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(order["comment"])))
            cursor.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
            cursor.execute("SELECT oid::bigint FROM pg_database WHERE datname = %s", (order["name"],))
            return {"oid": cursor.fetchone()[0]}

    def drop_database(self, server, caller, order):
        connection = self.connect(server)
        with connection.cursor() as cursor:
            cursor.execute("""SELECT (SELECT system_identifier::text FROM pg_control_system()),
                                     (SELECT oid::bigint FROM pg_database WHERE datname = %s),
                                     (SELECT datname FROM pg_database WHERE oid = %s)""", (order["name"], order["oid"]))
            identifier, oid, called = cursor.fetchone()
            if identifier != order["system_identifier"]:
                raise Refused(409, f"server '{server}' has system identifier {identifier}, not {order['system_identifier']}")
            if oid is None and called is not None:
                raise Refused(409, f"database {order['name']} is called {called} now")
            if oid is not None and oid != order["oid"]:
                raise Refused(409, f"database {order['name']} has oid {oid}, not {order['oid']}")
            if oid is not None:
                cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(order["name"])))
        return {}

    def create_roles(self, server, caller, order):
        """Those that are missing, all or none. The verifiers are stored as they come: nobody here knows a password."""
        connection = self.connect(server)
        created = []
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SET LOCAL log_statement = 'none'; SET LOCAL log_min_error_statement = 'panic'")
            cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", ([role["name"] for role in order["roles"]],))
            existing = {name for (name,) in cursor.fetchall()}
            missing = [role for role in order["roles"] if role["name"] not in existing]
            for role in missing:
                self.create_role(cursor, role, order["verifiers"].get(role["name"]))
                created.append(role["name"])
            for role in missing:  # when all are there
                for parent in role["member_of"]:
                    cursor.execute(sql.SQL("GRANT {} TO {}" + (" WITH ADMIN OPTION" if parent in role["admin_of"] else ""))
                                   .format(sql.Identifier(parent), sql.Identifier(role["name"])))
            cursor.execute("COMMIT")
        # The answer of an earlier try may have been lost: what it made was made by this call.
        before = self.store.made_before(caller, "roles") or []
        self.store.remember(caller, "roles", before + created)
        return {"created": before + created}

    @staticmethod
    def create_role(cursor, role, verifier):
        words = [word if role[key] else "NO" + word
                 for key, word in (("superuser", "SUPERUSER"), ("inherit", "INHERIT"), ("create_role", "CREATEROLE"),
                                   ("create_database", "CREATEDB"), ("login", "LOGIN"), ("replication", "REPLICATION"),
                                   ("bypass_row_security", "BYPASSRLS"))]
        name = sql.Identifier(role["name"])
        parts = [sql.SQL("CREATE ROLE {}").format(name), sql.SQL(" ".join(words)),
                 sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(role["connection_limit"]))]
        if verifier:
            parts.append(sql.SQL("PASSWORD {}").format(sql.Literal(verifier)))
        if role["valid_until"]:
            parts.append(sql.SQL("VALID UNTIL {}").format(sql.Literal(role["valid_until"])))
        cursor.execute(sql.SQL(" ").join(parts))
        for setting in role["settings"]:
            key, value = setting.split("=", 1)
            key_parts = sql.SQL(".").join(map(sql.Identifier, key.split(".")))
            # Never as it stands: it is the tenant's text, and this is the administrator's statement.
            elements = (split_list(value) or [""]) if key.lower() in LISTS else [value]
            shown = sql.SQL(", ").join(map(sql.Literal, elements))
            cursor.execute(sql.SQL("ALTER ROLE {} SET {} TO {}").format(name, key_parts, shown))
        if role["comment"]:
            cursor.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(role["comment"])))

    def drop_roles(self, server, caller, order):
        """Those on which nothing depends any more."""
        connection = self.connect(server)
        with connection.cursor() as cursor:
            names, count = order["roles"], -1
            while len(names) != count:  # one that stays may keep another one
                count = len(names)
                cursor.execute(DROPPABLE, (names, names))
                names = [name for (name,) in cursor.fetchall()]
            if names:
                cursor.execute(sql.SQL("DROP ROLE {}").format(sql.SQL(", ").join(map(sql.Identifier, names))))
        return {"dropped": names}

    def create_for_app(self, server, name, password):
        """A role and its database, as for every new application. Returns the URL."""
        connection = self.connect(server)
        verifier = encrypt_password(password, name, connection, "scram-sha-256")
        role = {"name": name, "superuser": False, "inherit": True, "create_role": False, "create_database": False, "login": True,
                "replication": False, "bypass_row_security": False, "connection_limit": 50, "valid_until": "", "settings": [],
                "member_of": [], "admin_of": [], "comment": ""}
        self.create_roles(server, None, {"roles": [role], "verifiers": {name: verifier}})
        self.create_database(server, None, {"name": name, "owner": name})
        where = self.servers[server]
        return f"postgresql://{name}:{password}@{where['host']}:{where['port']}/{name}"
