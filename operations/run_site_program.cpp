#include "operations/run_site_program.hpp"

#include <fmt/format.h>

#include "engine/platform/exec_platform.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {
namespace {

const ProgramLog nobody_listens;

// What the program answers stands in the journal as it is: it must hold no secrets, and stays small.
constexpr std::size_t kLargestKept = 64 << 10;

struct SiteIntent {
  json said;  // the program's own intent
};
struct SiteOutcome {
  json said;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SiteIntent, said)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SiteOutcome, said)

Result<json> small_object(const ProgramAnswer& answer, const std::string& name) {
  if (!answer.has(name)) return json::object();
  TRY(json said, answer.document(name));
  if (said.dump(-1, ' ', false, json::error_handler_t::replace).size() > kLargestKept) return answer.wrong(fmt::format("a \"{}\" of more than 64 KiB", name));
  return said;
}

class RunSiteProgram final : public TypedOperation<SiteIntent, SiteOutcome> {
 public:
  std::string name() const override { return "run_site_program"; }
  std::string summary() const override { return "Has a program of the site do something for each environment: it is asked before, after a crash, and to take it back."; }
  Subject subject() const override { return Subject::environment; }
  std::vector<Parameter> parameters() const override {
    return {{"program", Parameter::Type::text, nullptr, "The program: a whole path, or a name that is looked up in PATH."},
            {"argument", Parameter::Type::text, "", "Handed on in each document as it stands; no secret."},
            {"limit", Parameter::Type::duration, 60, "How long one call may take."}};
  }
  Estimate estimate(const EstimateInput&) const override { return {1, false}; }

  Task<Result<SiteIntent>> plan_effect(StepContext& context) override {
    SiteIntent intent;
    const std::string program = context.arguments().value("program", "");
    if (program.empty() || (program.front() != '/' && program.find('/') != std::string::npos))
      co_return Error(ErrorKind::usage, fmt::format("run_site_program: \"{}\" is neither a whole path nor a name in PATH", program));
    ProgramRequest request = request_of(context, "prepare");
    request.who.reset();  // it only looks
    CO_TRY(const ProgramAnswer answer, co_await call_program(context.services.processes, std::move(request), nobody_listens));
    CO_TRY(intent.said, small_object(answer, "intent"));
    co_return intent;
  }

  Task<Result<SiteOutcome>> effect(StepContext& context, SiteIntent intent) override {
    ProgramRequest request = request_of(context, "apply");
    request.document["intent"] = intent.said;
    CO_TRY(const ProgramAnswer answer, co_await call_program(context.services.processes, std::move(request), nobody_listens));
    SiteOutcome outcome;
    CO_TRY(outcome.said, small_object(answer, "outcome"));
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext& context, SiteIntent intent) override {
    ProgramRequest request = request_of(context, "probe");
    request.who.reset();
    request.document["intent"] = intent.said;
    CO_TRY(const ProgramAnswer answer, co_await call_program(context.services.processes, std::move(request), nobody_listens));
    CO_TRY(const std::string verdict, answer.text("verdict"));
    Seen seen;
    seen.detail = answer.text_or("detail", "");
    for (const Probe::Verdict each : {Probe::Verdict::done, Probe::Verdict::absent, Probe::Verdict::partial, Probe::Verdict::unknown})
      if (verdict == to_string(each)) {
        seen.verdict = each;
        CO_TRY(seen.outcome.said, small_object(answer, "outcome"));
        co_return seen;
      }
    co_return answer.wrong("a \"verdict\" that is none of done, absent, partial, unknown");
  }

  Task<Result<std::string>> take_back(StepContext& context, SiteIntent intent, std::optional<SiteOutcome> outcome) override {
    ProgramRequest request = request_of(context, "undo");
    request.document["intent"] = intent.said;
    request.document["outcome"] = outcome ? outcome->said : json();
    CO_TRY(const ProgramAnswer answer, co_await call_program(context.services.processes, std::move(request), nobody_listens));
    co_return answer.text_or("detail", "taken back");
  }

 private:
  static ProgramRequest request_of(StepContext& context, const std::string& verb) {
    const Environment& environment = context.environment();
    ProgramRequest request = request_for(environment, verb);
    request.program = PlatformProgram{};
    request.program.command = {context.arguments().value("program", "")};
    request.program.limit = Seconds(context.arguments().value("limit", 60.0));
    request.who = context.identity();
    request.document["argument"] = context.arguments().value("argument", "");
    json instances = json::array();
    for (const Binding& binding : environment.bindings) {
      const Instance& instance = context.fleet().instances.at(binding.instance);
      instances.push_back({{"id", instance.id}, {"server", instance.server}, {"database", instance.database}, {"role", instance.role}});
    }
    request.document["environment"]["instances"] = std::move(instances);
    return request;
  }
};

}  // namespace

std::unique_ptr<Operation> make_run_site_program() { return std::make_unique<RunSiteProgram>(); }

}  // namespace pgconvoy
