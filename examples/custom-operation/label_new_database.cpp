#include "label_new_database.hpp"

#include <fmt/format.h>

#include "engine/run/step_context.hpp"

namespace {

using namespace pgconvoy;

// Everything that is needed to see later whether it was done, and to take it back: journaled before anything happens.
struct LabelIntent {
  std::string server, database, comment, comment_before;
};
struct LabelOutcome {
  bool labelled = true;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LabelIntent, server, database, comment, comment_before)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LabelOutcome, labelled)

Task<Result<std::string>> comment_of(Session& session, std::string database) {
  std::vector<Value> parameters{database};
  CO_TRY(Rows rows, co_await session.query("select shobj_description(oid, 'pg_database') from pg_database where datname = $1", parameters));
  if (rows.empty()) co_return Error(ErrorKind::not_found, "there is no database " + database).on(session.server());
  co_return rows.text(0, 0);
}

Task<Result<void>> write_comment(Session& session, std::string database, std::string comment) {
  const std::string value = comment.empty() ? "NULL" : session.quote_literal(comment);
  auto written = co_await session.script(fmt::format("comment on database {} is {}", session.quote_identifier(database), value));
  if (!written) co_return written.error();
  co_return Result<void>();
}

class LabelNewDatabase final : public TypedOperation<LabelIntent, LabelOutcome> {
 public:
  std::string name() const override { return "label_new_database"; }
  std::string summary() const override { return "Writes a comment onto the new database that says which run moved it."; }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"text", Parameter::Type::text, "moved by pgconvoy", "What the comment begins with."}};
  }
  Estimate estimate(const EstimateInput&) const override { return {0.05, false}; }

  // Reads only. The new database bears its final name from enable_reprovisioned_services on: this goes after it.
  Task<Result<LabelIntent>> plan_effect(StepContext& context) override {
    LabelIntent intent;
    intent.server = context.target_server(context.instance().id).id;
    intent.database = context.instance().database;
    intent.comment = fmt::format("{}, r{}", context.arguments().value("text", "moved by pgconvoy"), context.work.run);
    CO_TRY(Session * session, co_await context.maintenance(intent.server));
    CO_TRY(intent.comment_before, co_await comment_of(*session, intent.database));
    co_return intent;
  }
  Task<Result<LabelOutcome>> effect(StepContext& context, LabelIntent intent) override {
    CO_TRY(Session * session, co_await context.maintenance(intent.server));
    CO_TRY_VOID(co_await write_comment(*session, intent.database, intent.comment));
    LabelOutcome outcome;
    co_return outcome;
  }
  // Asked after a crash: was it done?
  Task<Result<Seen>> look(StepContext& context, LabelIntent intent) override {
    CO_TRY(Session * session, co_await context.maintenance(intent.server));
    CO_TRY(const std::string comment, co_await comment_of(*session, intent.database));
    Seen seen;
    seen.verdict = comment == intent.comment ? Probe::Verdict::done : Probe::Verdict::absent;
    seen.detail = "the comment is: " + comment;
    co_return seen;
  }
  // Bears that nothing of it ever happened.
  Task<Result<std::string>> take_back(StepContext& context, LabelIntent intent, std::optional<LabelOutcome>) override {
    CO_TRY(Session * session, co_await context.maintenance(intent.server));
    auto comment = co_await comment_of(*session, intent.database);
    if (!comment && comment.error().kind == ErrorKind::not_found) co_return std::string("the database is gone, and its comment with it");
    if (!comment) co_return comment.error();
    if (*comment == intent.comment) CO_TRY_VOID(co_await write_comment(*session, intent.database, intent.comment_before));
    co_return std::string("the comment is as before");
  }
};

}  // namespace

std::unique_ptr<pgconvoy::Operation> make_label_new_database() { return std::make_unique<LabelNewDatabase>(); }
