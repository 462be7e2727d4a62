// What pgconvoy asks of a platform. Every call that changes something carries who asks (run, target, step,
// epoch); a platform refuses a lower epoch of the same run than it has seen (ErrorKind::conflict).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/secret.hpp"
#include "engine/core/task.hpp"
#include "engine/facts/facts.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/postgres/connection.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct CallIdentity {
  std::string run;  // "k3x9aq-r7": journal token and run
  int target = 0;
  std::string step;
  int epoch = 0;
};

struct Health {
  bool healthy = false;
  std::string detail;  // "200 {...}" or why not; shortened
};

// Starts, stops, binds and hides an application. All calls are idempotent: asking for what is already so succeeds.
class AppController {
 public:
  virtual ~AppController() = default;
  // False for `none`: pgconvoy can't rebind or restart the app, its owner must.
  virtual bool controls_application() const = 0;

  virtual Task<Result<ApplicationFacts>> inspect(Environment environment) = 0;  // read-only
  virtual Task<Result<Health>> health(Environment environment) = 0;             // read-only
  virtual Task<Result<bool>> page_is_on(Environment environment) = 0;           // read-only
  virtual Task<Result<bool>> is_running(Environment environment) = 0;           // read-only
  virtual Task<Result<void>> page_on(CallIdentity who, Environment environment) = 0;
  virtual Task<Result<void>> page_off(CallIdentity who, Environment environment) = 0;
  virtual Task<Result<void>> stop(CallIdentity who, Environment environment) = 0;   // returns when it has ended
  virtual Task<Result<void>> start(CallIdentity who, Environment environment) = 0;  // does not wait for health

  // The connection that a binding's variables hold now, with its password when it holds one. not_found when the
  // variables aren't set.
  virtual Task<Result<ConnectionSpec>> read_binding(Environment environment, Binding binding) = 0;
  // Writes every variable of the binding from `connection` (its password included), atomically.
  virtual Task<Result<void>> write_binding(CallIdentity who, Environment environment, Binding binding,
                                           ConnectionSpec connection) = 0;
};

class AppControllers {
 public:
  void add(const std::string& kind, std::unique_ptr<AppController> controller);
  AppController& of(const Environment& environment) const;  // kinds were validated with the fleet

 private:
  std::map<std::string, std::unique_ptr<AppController>> controllers_;
};

// Nothing to do and nothing known: page and process calls succeed, bindings are not_found or refused.
std::unique_ptr<AppController> make_none_controller();
// A process on this host, started from a directory, with an environment file and a maintenance file
// (docs: ControllerSpec). Its files are read and written on the pool; it is started on the loop's thread.
// The application gets none of our variables but those of a login (PATH, HOME, LANG, ...): its own are in env_file.
std::unique_ptr<AppController> make_local_controller(asio::thread_pool& pool);

struct DatabaseOrder {
  std::string name;  // the temporary one
  std::string owner;
  std::string encoding, collate, ctype, comment;  // empty: as template0 has it
  std::string locale_provider = "libc";           // libc | icu (15) | builtin (17)
  std::string provider_locale;                    // of icu and builtin
};

struct RoleOrder {
  RoleFact attributes;
  Secret verifier;  // SCRAM or md5 verifier, never clear text; empty: no password
};

// Makes and removes databases and roles on a server. `shared server` does it by SQL as the administrator.
// Cluster-wide DDL is serialised per server with an advisory lock in the maintenance database and retried.
class Provisioner {
 public:
  virtual ~Provisioner() = default;
  // Returns the oid. `conflict` when the name exists. PUBLIC may neither connect nor make temporary tables.
  virtual Task<Result<std::int64_t>> create_database(CallIdentity who, Session& maintenance, DatabaseOrder order) = 0;
  // Drops exactly the database with this name and oid on the server with this system identifier; a database that
  // isn't there is success, another oid under the name is `conflict`. Ends sessions in it first.
  virtual Task<Result<void>> drop_database(CallIdentity who, Session& maintenance, std::string name, std::int64_t oid,
                                           std::string system_identifier) = 0;
  // Makes those that are missing, with memberships and settings; returns the names of those that it made.
  virtual Task<Result<std::vector<std::string>>> create_roles(CallIdentity who, Session& maintenance,
                                                              std::vector<RoleOrder> roles) = 0;
  // Drops those of the names on which nothing depends any more (pg_shdepend) and that nobody else has made a
  // membership with; returns the names of those dropped.
  virtual Task<Result<std::vector<std::string>>> drop_roles(CallIdentity who, Session& maintenance,
                                                            std::vector<std::string> roles) = 0;
};

std::unique_ptr<Provisioner> make_shared_server_provisioner();

// Which provisioner makes things on a server: the site's program where the fleet names one, SQL otherwise.
class Provisioners {
 public:
  explicit Provisioners(std::unique_ptr<Provisioner> by_sql) : by_sql_(std::move(by_sql)) {}
  using Factory = std::function<std::unique_ptr<Provisioner>(const Server&)>;
  void add_programs(Factory factory) { factory_ = std::move(factory); }
  Provisioner& of(const Server& server);

 private:
  std::unique_ptr<Provisioner> by_sql_;
  Factory factory_;
  std::map<std::string, std::unique_ptr<Provisioner>> programs_;  // by server id
};

// Where an alias of a pooler leads.
struct PoolerPlace {
  std::string host, port, database;
  bool operator==(const PoolerPlace&) const = default;
};

// Pauses, repoints and resumes one alias of a pooler. All calls are idempotent.
class PoolerController {
 public:
  virtual ~PoolerController() = default;
  // Read-only. An alias that isn't there is known = false; a pooler out of reach is an Error.
  virtual Task<Result<PoolerFacts>> inspect(Pooler pooler, std::string alias) = 0;
  virtual Task<Result<PoolerPlace>> place(Pooler pooler, std::string alias) = 0;  // read-only; not_found
  // No client's statement reaches the server afterwards, and clients wait. Transactions get `drain`, then the pooler's
  // sessions are ended.
  virtual Task<Result<void>> pause(CallIdentity who, Pooler pooler, std::string alias, Seconds drain) = 0;
  // Durable: holds after the pooler's restart. REQUIRES: paused, unless nobody uses the alias.
  virtual Task<Result<void>> repoint(CallIdentity who, Pooler pooler, std::string alias, PoolerPlace place) = 0;
  virtual Task<Result<void>> resume(CallIdentity who, Pooler pooler, std::string alias) = 0;
};

class PoolerControllers {
 public:
  void add(const std::string& kind, std::unique_ptr<PoolerController> controller);
  PoolerController& of(const Pooler& pooler) const;  // kinds were validated with the fleet

 private:
  std::map<std::string, std::unique_ptr<PoolerController>> controllers_;
};

}  // namespace pgconvoy
