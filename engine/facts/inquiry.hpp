// Inquiries: facts that take more than one statement, or another login, or another server. A condition that needs one
// names it; the survey runs it with everything that was read before. Loop's thread, repeatable; an inquiry writes
// nothing unless its header says what and where.
//
// Whoever writes one adds a file with its struct and its function, and a line in parts.cpp.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/process.hpp"
#include "engine/core/task.hpp"
#include "engine/facts/facts.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/fleet/target.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// A login that the app, or the fleet, knows for an instance. Never printed.
struct KnownLogin {
  std::string instance, role;
  Secret password;
  std::string passfile;  // instead of a password
};

// What an inquiry of one database may use. Everything lives as long as the inquiry runs.
struct InquiryContext {
  const Fleet& fleet;
  const Target& target;
  const Instance& instance;
  const TargetFacts& facts;   // of the whole target; parts of the database are there already
  json arguments;             // of the condition that asks, complete

  asio::thread_pool& pool;
  ProcessLauncher& processes;

  // The administrator, in a database of the source or target server; "" is the maintenance database.
  std::function<Task<Result<SessionPtr>>(std::string database, SessionOptions options)> open_source, open_target;
  // The administrator's way there, for outside programs and for other logins (with_user).
  std::function<Task<Result<ConnectionSpec>>(std::string database)> source_connection, target_connection;
  std::function<Task<std::vector<KnownLogin>>()> logins;  // to this instance
  // With any connection, such as one of with_user().
  std::function<Task<Result<SessionPtr>>(ConnectionSpec connection, SessionOptions options)> open_with;

  // What inquiries of the same survey found out of servers as a whole, under keys that begin with their part's name.
  std::map<std::string, json>* learnt = nullptr;

  const DatabaseFacts& database() const { return facts.databases.at(instance.id); }
  // A session more costs a login and its caches: worth it where reading takes longer than that.
  bool has_much_to_read() const { return database().bytes >= std::int64_t{64} << 20; }
  const ServerFacts& source() const { return facts.servers.at(facts.source_server.at(instance.id)); }
  const ServerFacts& target_server() const { return facts.servers.at(facts.target_server.at(instance.id)); }
};

struct Inquiry {
  const char* name;  // of the part that it fills
  // An error becomes {"unreadable_because": ...}; kind cancelled ends the survey.
  Task<Result<json>> (*read)(const InquiryContext& context);
  // It reads what is in tables: such ones are run last, and where there is much to read beside each other.
  bool reads_rows = false;
};

const std::vector<Inquiry>& database_inquiries();

// A session in the source database that runs what a tenant wrote: it logged in as the owner or a member of it, with
// what the bindings or the fleet know, and has no more rights than that. Error of kind refused when no such login is
// known, with what was tried.
Task<Result<SessionPtr>> open_as_tenant(const InquiryContext& context, SessionOptions options);

}  // namespace pgconvoy
