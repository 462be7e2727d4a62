// What an operation is given: the target, its facts and plan, the way to servers and platform, and what earlier
// steps said. Lives as long as the work on one target; used on the loop's thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/core/clock.hpp"
#include "engine/core/error.hpp"
#include "engine/core/process.hpp"
#include "engine/core/task.hpp"
#include "engine/facts/facts.hpp"
#include "engine/fleet/credentials.hpp"
#include "engine/journal/event.hpp"
#include "engine/plan/plan.hpp"
#include "engine/platform/platform.hpp"
#include "engine/postgres/session.hpp"
#include "engine/run/operation.hpp"

namespace pgconvoy {

// The seams to the outside world. Tests put decorators in their place.
struct Services {
  asio::thread_pool& pool;
  Clock& clock;
  SessionFactory& sessions;
  ProcessLauncher& processes;
  AppControllers& controllers;
  Provisioners& provisioners;
  PoolerControllers& poolers;
  Credentials& credentials;
};

struct Progress {
  std::int64_t bytes = 0;        // done
  std::int64_t total_bytes = 0;  // 0: not known
  std::string text;
};

// The sessions and the record of one target while a process works on it.
struct TargetWork {
  const Plan& plan;
  const PlannedTarget& planned;
  std::string journal_token;
  std::int64_t run = 0;
  TargetRecord record;        // folded as events are journaled
  TargetFacts facts;          // gathered right before the first step; after a restart those that can still be read
  bool accept_data_loss = false;
  std::map<std::string, SessionPtr> maintenance;  // by server id, opened when first asked for
  std::map<std::string, int> locked_by;           // source server -> backend that holds the target's advisory locks
  // Every target of the run with its steps as the journal has them now, by number; valid until the next co_await.
  // Unset where there is no journal. Read once for a run and then kept up to date: an undo may ask each time.
  std::function<Task<Result<const std::map<int, TargetRecord>*>>()> targets_of_run = nullptr;
};

class StepContext {
 public:
  StepContext(Services& services, TargetWork& work, const StepPlan& step, int attempt,
              std::function<void(Progress)> progress)
      : services(services), work(work), step(step), attempt(attempt), progress(std::move(progress)) {}

  Services& services;
  TargetWork& work;
  const StepPlan& step;
  int attempt = 1;
  std::function<void(Progress)> progress;
  std::optional<Seconds> time_left;  // for this step until max_pause is over; none: as long as it takes

  const Fleet& fleet() const { return work.plan.fleet; }
  const json& arguments() const { return step.arguments; }

  // Of the step's subject. REQUIRES: the subject is an instance (or an environment).
  const Instance& instance() const;
  const Environment& environment() const;
  AppController& controller(const Environment& environment) const { return services.controllers.of(environment); }
  // Every environment of the target that binds the instance, with the binding.
  std::vector<std::pair<const Environment*, const Binding*>> bindings_of(const std::string& instance) const;

  // The poolers between the target's environments and the instance, each with its alias, once.
  std::vector<std::pair<const Pooler*, std::string>> poolers_of(const std::string& instance) const;
  Provisioner& provisioner(const std::string& server) const { return services.provisioners.of(fleet().servers.at(server)); }

  const Server& source_server(const std::string& instance) const;
  const Server& target_server(const std::string& instance) const;
  const DatabaseFacts& database_facts(const std::string& instance) const;

  // "pgconvoy/k3x9aq-r7/t42/e3": seen in pg_stat_activity.
  std::string application_name() const;
  CallIdentity identity() const;

  // Names made outside carry journal, run, target, instance and epoch (28 to 50 bytes, never the database's name).
  std::string created_database_name(const std::string& instance) const;  // pgconvoy_k3x9aq_r7_t42_i1_e3
  std::string fenced_database_name(const std::string& instance) const;   // pgconvoy_k3x9aq_r7_t42_i1_e3_old

  // The administrator's session in the server's maintenance database, kept for the target.
  Task<Result<Session*>> maintenance(std::string server_id);
  // The administrator's way into a database of that server.
  Task<Result<ConnectionSpec>> administrator(std::string server_id, std::string database);
  // Of the options the application's name is set when it is the default. (No default for them: g++ 12 would destroy it twice.)
  Task<Result<SessionPtr>> open(std::string server_id, std::string database, SessionOptions options);

  // The app's own connections to an instance as its bindings (or the fleet) hold them now, each login once, with its
  // password or the passfile that libpq finds it in; none when nobody knows a password. An error only when none can be
  // read: a binding out of reach may hold one.
  Task<Result<std::vector<ConnectionSpec>>> app_connections(std::string instance);

  // What another operation journaled for the same instance (or environment): its latest intent or outcome;
  // null when there is none or it was undone. Subject "" is the target.
  json intent_of(const std::string& operation, const std::string& subject) const;
  json outcome_of(const std::string& operation, const std::string& subject) const;
  template <class T>
  std::optional<T> intent(const std::string& operation, const std::string& subject) const {
    json value = intent_of(operation, subject);
    if (value.is_null()) return std::nullopt;
    return value.get<T>();
  }
  template <class T>
  std::optional<T> outcome(const std::string& operation, const std::string& subject) const {
    json value = outcome_of(operation, subject);
    if (value.is_null()) return std::nullopt;
    return value.get<T>();
  }

 private:
  const StepRecord* find_step(const std::string& operation, const std::string& subject) const;
};

}  // namespace pgconvoy
