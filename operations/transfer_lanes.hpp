// The sessions of a transfer: some on the fenced source that read, the administrator's in the new database, and for each reader
// one of each owner that writes there.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/plan/restore_memory.hpp"
#include "engine/postgres/transfer.hpp"
#include "engine/run/step_context.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {

struct TransferEnds {
  std::string old_server, old_name, new_server, new_name;
};

// On the loop's thread; lives as long as the lanes that it gives. One at a time for a new database (tenants' logins).
class TransferLanes {
 public:
  // `share`: what each session that writes may take for building indexes; none: as the server has it.
  TransferLanes(StepContext& context, TransferEnds ends, std::optional<RestoreShare> share)
      : context_(context), ends_(std::move(ends)), share_(share), tenants_(context, ends_.new_server, ends_.new_name) {}

  // A reader of the source: the first one is there before there are lanes.
  Task<Result<void>> open_source();
  // The administrator's session in the new database; it may write, and doesn't wait for its commits to reach the disk.
  Task<Result<void>> open_administrator();
  // Logins for tables of these owners ("": a superuser's), where there are none yet. Again after end_writing().
  Task<Result<void>> open_logins(std::set<std::string> owners);
  // As many lanes as that. REQUIRES: logins of all owners.
  Task<Result<void>> open(std::size_t count);
  // Readers of the new database, as many as lanes: the administrator's session is one.
  Task<Result<std::vector<Session*>>> readers();

  Session& source() { return *sources_.front(); }
  Session& administrator() { return *administrator_; }
  std::vector<TransferLane> lanes();

  // The tenants' logins are gone afterwards, so that others may be made.
  Task<Result<void>> end_writing();

 private:
  SessionOptions reading() const;
  SessionOptions writing() const;
  Task<Result<Session*>> target(std::size_t lane, std::string owner);

  StepContext& context_;
  TransferEnds ends_;
  std::optional<RestoreShare> share_;
  TenantLogins tenants_;
  std::map<std::string, ConnectionSpec> logins_;  // by owner
  std::vector<SessionPtr> sources_, readers_;
  SessionPtr administrator_;
  std::vector<std::map<std::string, SessionPtr>> targets_;
};

}  // namespace pgconvoy
