#include "operations/verify_rehearsal.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "operations/differences.hpp"
#include "operations/rehearsal.hpp"

namespace pgconvoy {
namespace {

struct VerifyRehearsalIntent {
  std::string old_server, old_name, new_server, new_name, record;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(VerifyRehearsalIntent, old_server, old_name, new_server, new_name, record)

Result<RecordedDatabase> read_record(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) return Error(ErrorKind::io, fmt::format("{} can't be read", file), "rehearse the target again");
  return record_from_bytes(bytes);
}

class VerifyRehearsal final : public TypedOperation<VerifyRehearsalIntent, VerifyOutcome> {
 public:
  std::string name() const override { return "verify_rehearsal"; }
  std::string summary() const override {
    return "Compares the rehearsed copy with the record of the source: catalogues, privileges, sequences, large objects, every row.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"content", Parameter::Type::boolean, true, "Compare every row, not only catalogues and sequences."}};
  }
  Estimate estimate(const EstimateInput& input) const override {
    const auto found = input.facts.databases.find(input.subject);
    if (found == input.facts.databases.end()) return {0.3, false};
    return {0.2 + found->second.relations * 0.0005 + static_cast<double>(found->second.table_bytes) / 200e6, false};
  }

  Task<Result<VerifyRehearsalIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto record = context.intent<RecordIntent>("record_source", id);
    auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id);
    if (!record || !fresh) co_return Error(ErrorKind::internal, "there is nothing to compare for " + id);
    VerifyRehearsalIntent intent;
    intent.old_server = record->server;
    intent.old_name = record->name;
    intent.new_server = fresh->server;
    intent.new_name = fresh->temporary_name;
    intent.record = record->file;
    co_return intent;
  }

  Task<Result<VerifyOutcome>> effect(StepContext& context, VerifyRehearsalIntent intent) override {
    auto read = [file = intent.record] { return read_record(file); };
    CO_TRY(RecordedDatabase record, co_await run_blocking(context.services.pool, read));
    SessionOptions options;
    options.application_name = context.application_name();
    options.statement_limit = Seconds(600);
    SequenceValues now;
    {
      CO_TRY(auto old_session, co_await context.open(intent.old_server, intent.old_name, options));
      CO_TRY(now, co_await sequence_values(*old_session));
    }
    CO_TRY(auto new_session, co_await context.open(intent.new_server, intent.new_name, options));
    CompareOptions compare;
    compare.content = context.arguments().value("content", true);
    const std::int64_t total = record.bytes;
    compare.progress = [&context, total](std::int64_t rows, std::int64_t bytes) {
      context.progress(Progress{bytes, total, fmt::format("{} rows compared", rows)});
    };
    CO_TRY(Comparison result, co_await compare_with_record(*new_session, std::move(record), std::move(now), compare));
    if (!result.equal()) co_return differences_error(result, intent.new_server);
    VerifyOutcome outcome = verified(result);
    outcome.evidence.clear();  // of a copy that is gone again
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, VerifyRehearsalIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::absent;  // it only reads: reading again is right
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext&, VerifyRehearsalIntent, std::optional<VerifyOutcome>) override {
    co_return std::string("nothing to take back");
  }
};

}  // namespace

std::unique_ptr<Operation> make_verify_rehearsal() { return std::make_unique<VerifyRehearsal>(); }

}  // namespace pgconvoy
