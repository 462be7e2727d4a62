#include "operations/transfer_lanes.hpp"

#include "operations/rehearsal.hpp"

namespace pgconvoy {

SessionOptions TransferLanes::reading() const {
  SessionOptions options;
  options.application_name = context_.application_name();
  options.statement_limit = Seconds(600);
  options.settings = {{"default_transaction_read_only", "on"}};
  return options;
}

// Nothing is compiled: what is run here is short, or reads each row once.
SessionOptions TransferLanes::writing() const {
  SessionOptions options;
  options.application_name = context_.application_name();
  options.statement_limit = Seconds(600);
  options.settings = {{"synchronous_commit", "off"}, {"jit", "off"}};
  for (auto& setting : settings_of(share_)) options.settings.push_back(std::move(setting));
  return options;
}

Task<Result<void>> TransferLanes::open_source() {
  SessionOptions options = reading();
  CO_TRY(auto source, co_await open_source_reader(context_, ends_.old_server, ends_.old_name, options));
  sources_.push_back(std::move(source));
  co_return Result<void>();
}

Task<Result<void>> TransferLanes::open_administrator() {
  SessionOptions options = writing();
  CO_TRY(administrator_, co_await context_.open(ends_.new_server, ends_.new_name, options));
  co_return Result<void>();
}

Task<Result<void>> TransferLanes::open_logins(std::set<std::string> owners) {
  for (const std::string& owner : owners) {
    if (logins_.contains(owner)) continue;
    if (owner.empty()) {
      CO_TRY(logins_[owner], co_await context_.administrator(ends_.new_server, ends_.new_name));
      continue;
    }
    const std::set<std::string> rights{owner};
    CO_TRY(logins_[owner], co_await tenants_.of(rights, true));
  }
  co_return Result<void>();
}

Task<Result<void>> TransferLanes::open(std::size_t count) {
  targets_.resize(count);
  while (sources_.size() < count) CO_TRY_VOID(co_await open_source());
  co_return Result<void>();
}

Task<Result<std::vector<Session*>>> TransferLanes::readers() {
  std::vector<Session*> readers{administrator_.get()};
  while (readers_.size() + 1 < sources_.size()) {
    SessionOptions options = reading();
    CO_TRY(auto session, co_await context_.open(ends_.new_server, ends_.new_name, options));
    readers_.push_back(std::move(session));
  }
  for (const SessionPtr& session : readers_) readers.push_back(session.get());
  co_return readers;
}

std::vector<TransferLane> TransferLanes::lanes() {
  std::vector<TransferLane> lanes;
  for (std::size_t lane = 0; lane < targets_.size(); ++lane)
    lanes.push_back({sources_[lane].get(), [this, lane](std::string owner) { return target(lane, std::move(owner)); }});
  return lanes;
}

Task<Result<void>> TransferLanes::end_writing() {
  targets_.clear();
  logins_.clear();
  tenants_.forget();
  co_return co_await drop_tenant_logins(context_, ends_.new_server, ends_.new_name);
}

Task<Result<Session*>> TransferLanes::target(std::size_t lane, std::string owner) {
  SessionPtr& session = targets_[lane][owner];
  if (!session) {
    SessionOptions options = writing();
    ConnectionSpec login = logins_.at(owner);
    CO_TRY(session, co_await context_.services.sessions.open(std::move(login), std::move(options)));
  }
  co_return session.get();
}

}  // namespace pgconvoy
