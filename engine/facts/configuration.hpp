// The configuration of one server, as its own catalog tells it: what `parity` compares.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/task.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// A row of pg_settings (manual: pg_settings). Values are in the setting's own unit, as pg_settings has them.
struct SettingFact {
  // In its own unit; of what our session sets, as its file has it ("20s").
  std::string value;            // what the server has, not what a session set for itself; "***" when masked
  std::string boot_value;       // what it is when nothing sets it
  std::string unit;             // "8kB", "ms", ...; "" when there is none
  std::string type;             // bool | integer | real | string | enum
  std::string context;          // postmaster: only a restart changes it
  bool is_set = false;          // something set it (pg_settings.source): file, command line, ALTER SYSTEM
  bool waits_for_restart = false;  // the file says something else already
  bool masked = false;          // may hold a secret: conninfo strings, commands, names with a dot
  bool uncertain = false;       // our own session sets it and the file can't be read: the value is the default's
};

struct ServerConfiguration {
  std::string server;           // the fleet's id
  std::string version;          // "13.23"
  int version_number = 0;       // 130023
  std::map<std::string, SettingFact> settings;
  std::map<std::string, std::string> installable;  // extension -> version that the server offers
};

PGCONVOY_JSON(SettingFact);
PGCONVOY_JSON(ServerConfiguration);

// Rows (name, setting): the last value that the configuration files give a name, which is in lower case here, as somebody may have written it. None where we
// may not read them.
std::string file_settings_sql(bool may_read);

// Reads pg_settings, pg_file_settings where we may, and the available extensions, in one query. Read-only, repeatable;
// loop's thread. PostgreSQL 10 to 17. Error of kind sql, timeout, unreachable; corrupt when the answer can't be read.
Task<Result<ServerConfiguration>> gather_configuration(Session& session, std::string server_id);

}  // namespace pgconvoy
