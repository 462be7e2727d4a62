// What is looked at while a run goes on, so that nothing new starts where there is no room for it: how busy servers are,
// and how much disk is left. A server is read with one statement, when something is about to start on it and what is
// known of it is too old; nothing is read otherwise. Loop's thread only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/plan/plan.hpp"
#include "engine/plan/throttle.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {

class ServerWatch {
 public:
  // How long a reading is good for.
  static constexpr Seconds kFresh{5};

  // REQUIRES: both outlive it.
  ServerWatch(Services& services, const Plan& plan) : services_(services), plan_(plan) {}

  // Is there anything to look at? Rules: RunOptions::throttle_when, and min_free_disk.
  static bool is_needed(const RunOptions& options) { return !options.throttle_when.empty() || options.min_free_disk; }

  // Reads those of the servers whose last reading isn't fresh, and the backup directory likewise. Returns whether anything
  // was read. A server that can't be read isn't held back here: what starts on it meets that, and counts as failed.
  Task<bool> read(std::set<std::string> servers, RunOptions options);

  // By server, why nothing new starts that touches it, as last read.
  std::map<std::string, std::string> held_servers(const RunOptions& options) const;
  // Of the backup directory; "": nothing is in the way.
  std::string held(const RunOptions& options) const;
  // What couldn't be read although a rule asks for it, each said once: "load of server eu-pg13: permission denied ...".
  std::vector<std::string> take_remarks();

 private:
  struct Watched {
    SessionPtr session;
    std::optional<bool> may_read_files;
    std::optional<SteadyTime> read_at;
    ServerLoad load;
    bool is_target = false;
  };
  Task<void> read_server(std::string id, Throttle throttle);
  Task<Result<ServerLoad>> ask(Watched& watched, std::string id, Throttle throttle);
  bool is_fresh(const std::optional<SteadyTime>& read_at) const;

  Services& services_;
  const Plan& plan_;
  std::map<std::string, Watched> servers_;
  std::optional<SteadyTime> backups_read_at_;
  std::optional<std::int64_t> backup_free_bytes_;
  std::vector<std::string> remarks_;
  std::set<std::string> remarked_;
};

}  // namespace pgconvoy
