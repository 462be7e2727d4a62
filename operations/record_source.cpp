#include "operations/record_source.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "operations/backup_archive.hpp"
#include "operations/private_files.hpp"
#include "operations/rehearsal.hpp"

namespace pgconvoy {
namespace {

struct RecordOutcome {
  std::int64_t rows = 0, bytes = 0, tables = 0, objects = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RecordOutcome, rows, bytes, tables, objects)

Result<void> write_private(const std::string& file, const std::string& bytes) {
  TRY_VOID(make_private_file(file));
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.flush();
  if (!out) return Error(ErrorKind::io, fmt::format("{} can't be written", file));
  return {};
}

class Record final : public TypedOperation<RecordIntent, RecordOutcome> {
 public:
  std::string name() const override { return "record_source"; }
  std::string summary() const override {
    return "Records catalogue and sums of all rows of the source at the moment that is held, to compare the rehearsed copy with.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"content", Parameter::Type::boolean, true, "Record every row, not only catalogues and sequences."}};
  }
  std::vector<std::string> rests_on() const override { return {"hold_snapshot"}; }
  Estimate estimate(const EstimateInput& input) const override {
    const auto found = input.facts.databases.find(input.subject);
    if (found == input.facts.databases.end()) return {0.3, false};
    return {0.15 + found->second.relations * 0.0005 + static_cast<double>(found->second.table_bytes) / 200e6, false};
  }

  Task<Result<RecordIntent>> plan_effect(StepContext& context) override {
    CO_TRY(const BackupPlace place, choose_backup_place(context, ""));
    RecordIntent intent;
    intent.server = place.server;
    intent.name = place.name;
    intent.file = place.working_file + ".record";
    co_return intent;
  }

  Task<Result<RecordOutcome>> effect(StepContext& context, RecordIntent intent) override {
    const std::string id = context.instance().id;
    CO_TRY(const auto held, held_snapshot(context, id));
    if (!held) co_return Error(ErrorKind::internal, "no snapshot of instance " + id + " is held");
    const ServerFacts& target = context.work.facts.servers.at(context.target_server(id).id);
    RecordOptions options;
    options.target_version = target.version_number;
    options.target_superuser = target.superuser;
    options.content = context.arguments().value("content", true);
    const std::int64_t total = context.database_facts(id).table_bytes;
    options.progress = [&context, total](std::int64_t rows, std::int64_t bytes) {
      context.progress(Progress{bytes, total, fmt::format("{} rows recorded", rows)});
    };
    CO_TRY(RecordedDatabase record, co_await record_database(*held->session, options));
    RecordOutcome outcome;
    outcome.rows = record.rows;
    outcome.bytes = record.bytes;
    outcome.tables = static_cast<std::int64_t>(record.tables.size());
    outcome.objects = static_cast<std::int64_t>(record.entries.size());
    auto write = [file = intent.file, record = std::move(record)] { return write_private(file, to_bytes(record)); };
    CO_TRY_VOID(co_await run_blocking(context.services.pool, write));
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, RecordIntent intent) override {
    Seen seen;
    std::error_code problem;
    // Another process writes another file, so what there is of this one goes first.
    const bool there = std::filesystem::exists(intent.file, problem);
    seen.verdict = there ? Probe::Verdict::partial : Probe::Verdict::absent;
    co_return seen;
  }
  Task<Result<std::string>> take_back(StepContext&, RecordIntent intent, std::optional<RecordOutcome>) override {
    CO_TRY_VOID(remove_file(intent.file));
    co_return std::string("the record is gone");
  }
};

}  // namespace

std::unique_ptr<Operation> make_record_source() { return std::make_unique<Record>(); }

}  // namespace pgconvoy
