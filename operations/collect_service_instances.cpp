#include "operations/collect_service_instances.hpp"

#include <fmt/format.h>

#include "engine/run/step_context.hpp"

namespace pgconvoy {
namespace {

struct CollectIntent {
  std::string server, database, owner;
  std::int64_t oid = 0;
};
struct CollectOutcome {
  std::int64_t bytes = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CollectIntent, server, database, owner, oid)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CollectOutcome, bytes)

class Collect final : public TypedOperation<CollectIntent, CollectOutcome> {
 public:
  std::string name() const override { return "collect_service_instances"; }
  std::string summary() const override {
    return "Collects the instances of a service and sees that each is still the database that was checked.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"service", Parameter::Type::text, nullptr, "The service to move away from, such as postgresql-database-13."},
            {"state", Parameter::Type::text, "provisioned", "The state that an instance must be in."},
            {"server", Parameter::Type::text, "", "Only those on this server; needed when they move to another server of the same service."}};
  }
  void require(Requirements& requirements, const json& arguments) const override {
    requirements.source_service = arguments.value("service", "");
    requirements.source_state = arguments.value("state", "provisioned");
    requirements.source_server = arguments.value("server", "");
  }
  Estimate estimate(const EstimateInput&) const override { return {0.01, false}; }

  Task<Result<CollectIntent>> plan_effect(StepContext& context) override {
    const Instance& instance = context.instance();
    const DatabaseFacts& facts = context.database_facts(instance.id);
    if (facts.oid == 0 && !facts.unreachable_because.empty())
      co_return Error(ErrorKind::unreachable,
                      fmt::format("database {} couldn't be looked at: {}", quote_identifier(instance.database), facts.unreachable_because),
                      "pgconvoy check says what is in the way; nothing was changed")
          .on(context.source_server(instance.id).id);
    CollectIntent intent;
    intent.server = context.source_server(instance.id).id;
    intent.database = instance.database;
    intent.owner = facts.owner;
    intent.oid = facts.oid;
    co_return intent;
  }
  Task<Result<CollectOutcome>> effect(StepContext& context, CollectIntent intent) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    std::vector<Value> parameters{intent.database};
    CO_TRY(Rows rows, co_await maintenance->query("select d.oid::bigint, r.rolname from pg_database d "
                                                  "join pg_roles r on r.oid = d.datdba where d.datname = $1",
                                                  parameters));
    std::string wrong;
    if (rows.empty())
      wrong = "does not exist any more";
    else if (rows.number(0, 0) != intent.oid)
      wrong = "is another one than the one that was checked (its oid changed)";
    else if (rows.text(0, 1) != intent.owner)
      wrong = fmt::format("belongs to \"{}\" now, it was \"{}\" when it was checked", rows.text(0, 1), intent.owner);
    if (!wrong.empty())
      co_return Error(ErrorKind::conflict, fmt::format("database \"{}\" {}", intent.database, wrong),
                      "nothing was changed; run pgconvoy plan again")
          .on(intent.server);
    CollectOutcome outcome;
    outcome.bytes = context.database_facts(context.instance().id).bytes;
    co_return outcome;
  }
  Task<Result<Seen>> look(StepContext&, CollectIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::absent;  // it only looks: looking again is right
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext&, CollectIntent, std::optional<CollectOutcome>) override {
    co_return std::string("nothing to take back");
  }
};

}  // namespace

std::unique_ptr<Operation> make_collect_service_instances() { return std::make_unique<Collect>(); }

}  // namespace pgconvoy
