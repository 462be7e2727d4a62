// The inventory: regions, servers, environments and service instances. Plain data, read once, never changed
// by a run (a run keeps its own frozen copy in the journal; it holds no secrets).
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace pgconvoy {

// Where a password comes from; never the password itself. At most one member is set, none: libpq's own ways.
struct PasswordSource {
  std::string environment;           // name of a variable
  std::string file;                  // first line of a file
  std::string passfile;              // a .pgpass-format file, given to libpq
  std::vector<std::string> command;  // argv, first line of its stdout
  bool operator==(const PasswordSource&) const = default;
};

struct Region {
  std::string id;
  std::optional<int> concurrency;  // targets at a time; >= 1
  std::string time_zone;            // of its windows, "Europe/Berlin"; "": UTC
  std::vector<std::string> windows;  // when its targets may start (window.hpp), each valid; none: at any time
  bool operator==(const Region&) const = default;
};

// A site's own program that speaks the platform protocol (docs/platform.md). Empty command: there is none.
struct PlatformProgram {
  std::vector<std::string> command;            // argv; the verb is appended
  Seconds limit{60};                           // for one call
  std::map<std::string, std::string> options;  // handed on as they stand
  bool operator==(const PlatformProgram&) const = default;
};

// What a server may take at most; what isn't given is as much as the server says.
struct Caps {
  std::optional<std::int64_t> bytes;       // of all databases together
  std::optional<std::int64_t> databases;
  std::optional<std::int64_t> connections;  // of their connection limits, or sessions, together
  bool operator==(const Caps&) const = default;
};

// A machine on which servers stand together.
struct Host {
  std::string id;
  Caps caps;  // of its servers together
  bool operator==(const Host&) const = default;
};

struct Server {
  std::string id;
  std::string region;
  std::string service;  // "postgresql-database-13"
  std::string url;      // libpq URL or keyword/value text to the maintenance database; no password
  PasswordSource password;
  std::string host;     // the machine it shares with others; "": one of its own
  Caps caps;
  PlatformProgram provisioner;  // makes roles and databases; none: SQL as the administrator
  PlatformProgram care;         // says whether it is backed up and monitored; none: what the server tells itself
  bool operator==(const Server&) const = default;
};

// Between applications and servers. It knows databases by aliases.
struct Pooler {
  std::string id;
  std::string region;
  std::string kind;         // pgbouncer | exec
  std::string url;          // pgbouncer: its admin console; clients reach it at the same address
  PasswordSource password;  // of the console's user
  std::string config_file;  // pgbouncer: the file that holds the aliases, on this host
  PlatformProgram program;  // exec
  bool operator==(const Pooler&) const = default;
};

struct ControllerSpec {
  std::string kind = "none";  // local | exec | none
  PlatformProgram program;    // exec
  // kind local; relative paths were made absolute against the fleet file's folder
  std::string directory;
  std::vector<std::string> start;
  std::string env_file, pid_file, log_file, maintenance_file, health_url, public_url;
  bool operator==(const ControllerSpec&) const = default;
};

struct Binding {
  std::string instance;
  std::map<std::string, std::string> variables;  // variable -> part: url|host|port|user|password|database
  std::map<std::string, std::string> poolers;    // pooler -> the database's alias there
  bool operator==(const Binding&) const = default;
};

struct Environment {
  std::string id;
  std::string region;
  std::string application;
  std::string stage = "live";  // test | live
  std::optional<Seconds> downtime_budget;
  ControllerSpec controller;
  std::vector<Binding> bindings;
  std::map<std::string, std::string> labels;  // canary: "true" goes first
  std::vector<std::string> windows;  // of its own, within its region's and in its time zone; each valid; none: the region's alone
  std::string image;        // what runs there, as `pgconvoy scan` takes it: an archive, a directory, registry://..., pid:N
  bool operator==(const Environment&) const = default;
};

struct Instance {
  std::string id;
  std::string server;
  std::string database;
  std::string role;
  std::string state = "provisioned";
  PasswordSource password;  // of the role, when no binding holds it
  std::map<std::string, std::string> labels;
  bool operator==(const Instance&) const = default;
};

// Where backups go and how long they are kept.
struct BackupPolicy {
  std::string directory;                // "": --backup-directory says
  std::optional<Seconds> retention;     // none: until somebody prunes them
  std::vector<std::string> encrypt;     // filter, stdin to stdout; empty: none
  std::vector<std::string> decrypt;     // its inverse
  std::vector<std::string> upload;      // reads the file on stdin; its key is appended to the arguments
  std::vector<std::string> download;    // writes it to stdout; likewise
  std::vector<std::string> remove;      // likewise
  bool operator==(const BackupPolicy&) const = default;
};

// A program, or an address on the web, that is told what happens (docs/platform.md).
struct Hook {
  std::string id;
  PlatformProgram program;
  PasswordSource webhook;               // where the address is found, since it is a secret at most places; none: a program
  std::string format = "json";          // json | slack: what is sent to the address
  std::vector<std::string> events;      // kinds of events; empty: all
  bool operator==(const Hook&) const = default;
};

// A finding that the fleet's owners know and accept: a block or a warning becomes an info until the day is over.
struct Suppression {
  std::string condition;
  std::string target = "*", object = "*";  // globs
  std::string reason;
  std::string until;                       // "2026-12-31", the last day on which it holds, UTC
  bool operator==(const Suppression&) const = default;
};

// A time in which an environment is not to be moved: a target is frozen as long as one of its environments is.
struct FreezeRule {
  std::string environment = "*";  // glob; a database that no environment binds goes by its instance's id
  WallTime from, until;           // [from, until)
  std::string reason;
  bool operator==(const FreezeRule&) const = default;
};

// When owners are told of their environments' moves, by the hooks that want owner_notice.
struct Notices {
  std::optional<Seconds> before;  // no target is begun earlier than that after its owner was told
  std::optional<Seconds> after;   // that long after it has succeeded
  bool operator==(const Notices&) const = default;
};

struct Fleet {
  std::map<std::string, Region> regions;
  std::map<std::string, Host> hosts;
  std::map<std::string, Server> servers;
  std::map<std::string, Pooler> poolers;
  std::map<std::string, Hook> hooks;
  BackupPolicy backups;
  std::map<std::string, Environment> environments;
  std::map<std::string, Instance> instances;
  std::vector<Suppression> suppressions;
  std::vector<FreezeRule> freezes;
  Notices notices;

  // Servers of a region that offer a service, by id.
  std::vector<const Server*> servers_offering(const std::string& region, const std::string& service) const;
  bool operator==(const Fleet&) const = default;
};

// Lists of objects, each in the order of ids; hosts, poolers, hooks and backups only when there are any. from_json throws json::exception on another shape: what it reads
// was written by us, into a journal whose digests hold.
void to_json(json& target, const Fleet& fleet);
void from_json(const json& source, Fleet& fleet);

// sha256 of the canonical JSON.
std::string digest(const Fleet& fleet);

}  // namespace pgconvoy
