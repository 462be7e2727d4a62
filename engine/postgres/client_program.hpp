// PostgreSQL's own programs (pg_dump, pg_restore, ...) of a given major version, and what they need to connect.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/core/process.hpp"
#include "engine/postgres/connection.hpp"

namespace pgconvoy {

struct ChildEnvironment {
  std::string conninfo;                   // for the command line: without the password
  std::map<std::string, Secret> secrets;  // for ProcessSpec::secrets: PGPASSWORD, when there is one
};

// For a program of that major version. A password in a command line could be read by everybody on the machine, one in the
// environment only by us.
ChildEnvironment environment_for_child(const ConnectionSpec& connection, int major);

// `connection` whose server notices when its client is gone; `options` (-c name=value ...) come after its own. Straight to a
// server: a pooler in between may know no options.
ConnectionSpec with_server_options(ConnectionSpec connection, const std::string& options);

struct ClientProgram {
  std::filesystem::path path;
  int major = 0;
  std::string version;  // "15.14", as the program says itself
};

// Finds `name` of exactly that major version by asking candidates for their --version: every directory of
// PGCONVOY_BINDIR (separated by colons; {major} stands for the number), /usr/lib/postgresql/MAJOR/bin,
// /usr/pgsql-MAJOR/bin, PATH. Error not_found says what was seen and what to do. May be repeated: what a program of machine
// code said stands for a minute, as long as the file is the same. Loop's thread only.
Task<Result<ClientProgram>> find_client_program(ProcessLauncher& launcher, std::string name, int major);

// "pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)" -> "15.14"; "" when it is nothing like that.
std::string version_in(const std::string& output);

}  // namespace pgconvoy
