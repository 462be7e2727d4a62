// What was read about a target, as plain data that goes to JSON and back. Facts are gathered in one place
// (gather.hpp); conditions and operations decide from them and read nothing themselves.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/shared.hpp"

namespace pgconvoy {

// What conditions asked for beyond these structs, by name (part.hpp, inquiry.hpp).
using Parts = std::map<std::string, Shared<json>>;

struct RoleFact {
  std::string name;
  bool superuser = false, login = false, create_database = false, create_role = false, inherit = true,
       replication = false, bypass_row_security = false;
  int connection_limit = -1;
  std::string valid_until;                 // "" when none
  std::string verifier;                    // none | md5 | scram-sha-256 | unreadable: the kind, never the verifier
  // "work_mem=64MB" (pg_db_role_setting with database 0); of settings with a dot in their name "app.key=***", here and
  // in DatabaseFacts: applications keep secrets in them
  std::vector<std::string> settings;
  std::vector<std::string> member_of;      // roles it is a direct member of
  std::vector<std::string> admin_of;       // those of member_of that it may grant to others (ADMIN OPTION)
  std::string comment;
};

struct ExtensionFact {
  std::string name, version, schema;
};

// One server, read once per run through its maintenance database. Every target of it holds a copy, so what grows with the
// server is shared.
struct ServerFacts {
  std::string server;                      // the fleet's id
  std::string service;                     // what the fleet says it offers: "postgresql-database-13"
  bool reachable = false;
  std::string unreachable_because;         // a sentence, without secrets
  int version_number = 0;                  // server_version_num, 130023
  std::string version;
  std::string system_identifier;           // pg_control_system()
  int timeline = 0;                        // pg_control_checkpoint()
  bool in_recovery = false;
  std::string administrator;               // the role that we are there
  bool superuser = false;                  // of our administrator
  bool can_create_database = false, can_create_role = false;
  int max_connections = 0, max_locks_per_transaction = 0;
  std::string data_directory;              // "" when we may not read it
  std::optional<std::int64_t> free_bytes;  // of its data directory, only when that is on this host
  std::map<std::string, std::string> settings;              // those that matter to conditions
  Shared<std::map<std::string, std::vector<std::string>>> extensions;  // available: name -> versions
  std::string extensions_unreadable_because;                // "": they were read
  Shared<std::map<std::string, RoleFact>> roles;            // every role not beginning with pg_
  Shared<std::map<std::string, std::string>> databases;     // name -> owner
  Shared<std::vector<std::string>> locales;                 // collcollate values that exist, and the server's own
  std::vector<std::string> acts_as;        // roles whose rights our administrator has; empty when it is a superuser
  bool can_end_sessions = false;           // of other roles (pg_signal_backend), superusers' only as a superuser
  int sessions = 0;                        // connections taken: the databases' limits, sessions where there is none
  std::int64_t database_bytes = 0;         // of all databases together, as far as we may ask
  bool tls = false;                        // of our own connection
  Parts parts;
};

// One database on its source server.
struct DatabaseFacts {
  std::string instance, server, database;  // ids, and the database's name
  std::string state = "provisioned";       // of the instance in the fleet
  bool exists = false;
  std::string unreachable_because;         // "" when it could be read
  std::int64_t oid = 0;
  std::string owner, encoding, collate, ctype, comment, tablespace;
  std::string locale_provider = "libc";    // libc | icu (15) | builtin (17)
  std::string provider_locale;             // of icu and builtin
  bool allows_connections = true, is_template = false;
  int connection_limit = -1;
  std::string acl;                         // datacl as text; "" is the default
  std::vector<std::string> settings;       // ALTER DATABASE SET
  std::map<std::string, std::vector<std::string>> role_settings;  // ALTER ROLE r IN DATABASE SET
  std::int64_t bytes = 0, table_bytes = 0, index_bytes = 0, large_object_bytes = 0;
  int tables = 0, indexes = 0, sequences = 0, large_objects = 0, relations = 0;
  std::vector<ExtensionFact> extensions;
  std::vector<std::string> roles;          // every role the database depends on (pg_shdepend), the owner included
  std::vector<std::int64_t> evaluating_tables;  // oids: partition key or generated column calls a function of the database
  std::vector<std::string> prepared_transactions;
  std::vector<std::string> subscriptions;  // enabled ones
  std::vector<std::string> logical_slots;
  int sessions = 0;                        // client backends in it now, ours not counted
  std::vector<std::string> superuser_sessions;  // "postgres (psql)": of superusers among them
  // What a dump as our administrator would fail on: "table public.a (owner x)". Empty for a superuser.
  std::vector<std::string> unreadable;
  // What only a superuser restores: "event trigger audit". Not looked for where one restores.
  std::vector<std::string> superuser_only;
  std::vector<std::string> hidden_user_mappings;  // "server crm for public": options that we may not read
  int objects = -1;                        // of its own, without members of extensions; -1: not looked for
  Parts parts;
};

// What a pooler says about one alias.
struct PoolerFacts {
  std::string pooler, kind, alias, instance, environment;
  std::string address;                     // where clients reach it: "127.0.0.1:6432"
  std::string unreadable_because;          // "": it could be read
  bool known = false;                      // it has the alias
  bool paused = false;
  std::string leads_to, database;          // behind the alias: the id of one of the instance's servers, else an address; database
  std::string pool_mode;                   // session | transaction | statement
};

// The application of one environment as its controller sees it.
struct ApplicationFacts {
  std::string environment, controller;     // controller kind
  bool running = false, healthy = false, page_is_on = false;
  std::string detail;                      // what the health check said
  // "environment/variable" -> address and database the variable holds now; never the password
  std::map<std::string, std::string> bound_to;
};

// What the variables of a binding hold now, as the environment's controller reads them; never a password.
struct BindingFact {
  std::string environment, instance;
  std::string role, address, database;     // "" when the variables don't say
  bool has_password = false;
  std::string unreadable_because;          // "" when it could be read, or when nobody but its owner can (controller none)
  std::map<std::string, std::string> places;  // variable that holds a host, port or URL -> where to, likewise
};

// The host pgconvoy runs on.
struct HostFacts {
  std::string backup_directory;
  std::optional<std::int64_t> backup_free_bytes;
  std::string backup_unusable_because;          // "": we may write there, or make it
  std::map<std::string, std::string> programs;  // pg_dump -> "15.18", missing ones are absent
  std::map<std::string, int> program_majors;    // pg_dump -> 15
  std::string name;                             // this host's own
  std::vector<std::string> missing_programs;    // of the fleet's backup policy: not to be found
  bool backup_encrypted = false;                // a backup is there twice for a while: readable and encrypted
};

// How long the target will be paused by its plan, beside what its environments bear. Not read from anywhere: the plan says it.
struct PauseFact {
  double seconds = 0, p90 = 0;             // as likely less as more; nine times of ten at most
  double budget = 0;                       // of the environment that bears least
  std::string environment;                 // which one that is
  std::string made_of;                     // the longest of its steps, for people
  std::vector<std::string> remedies;       // "with jobs: 4 ... (p90 3 min)": what else could be done, and what comes of it
};

struct TargetFacts {
  std::string target;
  std::map<std::string, DatabaseFacts> databases;        // by instance id
  std::map<std::string, ServerFacts> servers;            // by server id: every server the target needs
  std::map<std::string, std::string> source_server;      // instance -> server id
  std::map<std::string, std::string> target_server;      // instance -> server id
  std::map<std::string, std::string> role_of;            // instance -> the fleet's role
  // "instance/role" -> what the target server said to a login as that role, which it has already, with the password that
  // the app has. Without those that it let in, and those whose password nobody knows.
  std::map<std::string, std::string> refused_logins;
  std::map<std::string, bool> clear_password_known;      // instance -> a binding or the fleet holds its fleet role's password
  std::vector<BindingFact> bindings;                     // of the target's environments to its instances
  std::map<std::string, ApplicationFacts> applications;  // by environment id
  std::vector<PoolerFacts> poolers;                      // between the target's environments and its instances
  std::map<std::string, DatabaseFacts> in_the_way;       // instance -> the target server's database of the same name
  HostFacts host;
  std::optional<PauseFact> pause;                        // none: no environment of it has a budget, or nothing pauses it
};

PGCONVOY_JSON(RoleFact);
PGCONVOY_JSON(ExtensionFact);
PGCONVOY_JSON(ServerFacts);
PGCONVOY_JSON(DatabaseFacts);
PGCONVOY_JSON(PoolerFacts);
PGCONVOY_JSON(ApplicationFacts);
PGCONVOY_JSON(BindingFact);
PGCONVOY_JSON(HostFacts);
PGCONVOY_JSON(PauseFact);
PGCONVOY_JSON(TargetFacts);

}  // namespace pgconvoy
