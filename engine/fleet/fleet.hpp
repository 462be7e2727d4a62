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
  bool operator==(const Region&) const = default;
};

struct Server {
  std::string id;
  std::string region;
  std::string service;  // "postgresql-database-13"
  std::string url;      // libpq URL or keyword/value text to the maintenance database; no password
  PasswordSource password;
  bool operator==(const Server&) const = default;
};

struct ControllerSpec {
  std::string kind = "none";  // local | none
  // kind local; relative paths were made absolute against the fleet file's folder
  std::string directory;
  std::vector<std::string> start;
  std::string env_file, pid_file, log_file, maintenance_file, health_url, public_url;
  bool operator==(const ControllerSpec&) const = default;
};

struct Binding {
  std::string instance;
  std::map<std::string, std::string> variables;  // variable -> part: url|host|port|user|password|database
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

struct Fleet {
  std::map<std::string, Region> regions;
  std::map<std::string, Server> servers;
  std::map<std::string, Environment> environments;
  std::map<std::string, Instance> instances;

  // Servers of a region that offer a service, by id.
  std::vector<const Server*> servers_offering(const std::string& region, const std::string& service) const;
  bool operator==(const Fleet&) const = default;
};

// Four lists of objects, each in the order of ids. from_json throws json::exception on another shape: what it reads
// was written by us, into a journal whose digests hold.
void to_json(json& target, const Fleet& fleet);
void from_json(const json& source, Fleet& fleet);

// sha256 of the canonical JSON.
std::string digest(const Fleet& fleet);

}  // namespace pgconvoy
