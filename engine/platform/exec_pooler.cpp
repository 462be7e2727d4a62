// Pooler `exec`: a program of the site pauses, repoints and resumes an alias.
#include "engine/platform/exec_platform.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

json as_json(const PoolerPlace& place) {
  return {{"host", place.host}, {"port", place.port}, {"database", place.database}};
}

Result<PoolerPlace> read_place(const ProgramAnswer& answer) {
  PoolerPlace place;
  TRY(place.host, answer.text("host"));
  TRY(place.port, answer.text("port"));
  TRY(place.database, answer.text("database"));
  return place;
}

std::string address_of_clients(const Pooler& pooler) {
  auto connection = parse_connection(pooler.id, pooler.url);
  return connection ? connection->address() : "";
}

class ExecPooler final : public PoolerController {
 public:
  ExecPooler(ProcessLauncher& launcher, ProgramLog log) : launcher_(launcher), log_(std::move(log)) {}

  Task<Result<PoolerFacts>> inspect(Pooler pooler, std::string alias) override {
    ProgramRequest request = request_for(pooler, alias, "inspect");
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    PoolerFacts facts;
    facts.pooler = pooler.id;
    facts.kind = pooler.kind;
    facts.alias = alias;
    facts.address = address_of_clients(pooler);
    CO_TRY(facts.known, answer.truth("known"));
    if (!facts.known) co_return facts;
    CO_TRY(facts.paused, answer.truth("paused"));
    CO_TRY(facts.pool_mode, answer.text("pool_mode"));
    CO_TRY(const ProgramAnswer where, answer.object("place"));
    CO_TRY(const PoolerPlace place, read_place(where));
    facts.leads_to = (place.host.empty() ? "local" : place.host) + ":" + place.port;
    facts.database = place.database;
    co_return facts;
  }

  Task<Result<PoolerPlace>> place(Pooler pooler, std::string alias) override {
    ProgramRequest request = request_for(pooler, alias, "place");
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    co_return read_place(answer);
  }

  Task<Result<void>> pause(CallIdentity who, Pooler pooler, std::string alias, Seconds drain) override {
    ProgramRequest request = request_for(pooler, alias, "pause");
    request.document["drain_seconds"] = drain.count();
    request.program.limit += drain;
    return change(std::move(who), std::move(request));
  }
  Task<Result<void>> repoint(CallIdentity who, Pooler pooler, std::string alias, PoolerPlace place) override {
    ProgramRequest request = request_for(pooler, alias, "repoint");
    request.document["place"] = as_json(place);
    return change(std::move(who), std::move(request));
  }
  Task<Result<void>> resume(CallIdentity who, Pooler pooler, std::string alias) override {
    return change(std::move(who), request_for(pooler, alias, "resume"));
  }

 private:
  Task<Result<void>> change(CallIdentity who, ProgramRequest request) {
    request.who = std::move(who);
    CO_TRY_VOID(co_await call_program(launcher_, std::move(request), log_));
    co_return Result<void>();
  }

  ProcessLauncher& launcher_;
  ProgramLog log_;
};

}  // namespace

ProgramRequest request_for(const Pooler& pooler, const std::string& alias, const std::string& verb) {
  ProgramRequest request;
  request.program = pooler.program;
  request.subject = fmt::format("pooler {}, alias {}", pooler.id, alias);
  request.verb = verb;
  request.document["pooler"] = {{"id", pooler.id}, {"region", pooler.region}, {"url", pooler.url}};
  request.document["alias"] = alias;
  return request;
}

const std::vector<std::string>& pooler_verbs() {
  static const std::vector<std::string> verbs{"inspect", "place", "pause", "repoint", "resume"};
  return verbs;
}

std::unique_ptr<PoolerController> make_exec_pooler(ProcessLauncher& launcher, ProgramLog log) {
  return std::make_unique<ExecPooler>(launcher, std::move(log));
}

}  // namespace pgconvoy
