// The interface of an operation: a unit of change with estimate, apply, probe and undo.
//
// The runner journals what prepare() returns (the intent: handles chosen beforehand and everything undo needs),
// then calls apply(), then journals its outcome. After a crash it calls probe() with the journaled intent.
// An operation never writes to the journal and never prints.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/core/parameters.hpp"
#include "engine/core/task.hpp"
#include "engine/facts/facts.hpp"

namespace pgconvoy {

class StepContext;  // engine/run/step_context.hpp

enum class Subject { target, instance, environment };  // one step for each of them

// So much of one thing that an operation works on. Terms are those of engine/plan/priors: "table_bytes", "relations", ...
struct Work {
  std::string term;
  double amount = 0;
};

struct Estimate {
  double seconds = 0;         // expected; where engine/plan/priors knows the operation, its work decides and not this
  bool while_paused = false;  // filled in by the plan: it stands inside the maintenance page
  std::vector<Work> work = {};  // beside the fixed time that each operation takes
};

struct EstimateInput {
  const TargetFacts& facts;
  std::string subject;  // id of the instance or environment
  const json& arguments;
  std::string way = {};  // in which the target goes (engine/plan/way.hpp); "": the usual one
};

// What an operation needs of the plan: which service it takes from, which it moves to.
struct Requirements {
  std::string source_service, source_state;
  std::string target_service;      // "": the runbook works on databases where they are (engine/plan/in_place.hpp)
  std::string source_server = {};  // only what is there is collected; "": on every server of the service
};

struct Probe {
  enum class Verdict { done, absent, partial, unknown } verdict = Verdict::unknown;
  json outcome;        // when done: what apply() would have returned
  std::string detail;  // what was seen, for people
};
const char* to_string(Probe::Verdict verdict);

class Operation {
 public:
  virtual ~Operation() = default;
  virtual std::string name() const = 0;
  virtual std::string summary() const = 0;
  virtual Subject subject() const = 0;
  virtual std::vector<Parameter> parameters() const { return {}; }
  virtual void require(Requirements&, const json& /*arguments*/) const {}
  // Whether it is a step of targets that go this way (engine/plan/way.hpp). Pure.
  virtual bool applies(const std::string& /*way*/, const json& /*arguments*/) const { return true; }
  virtual Estimate estimate(const EstimateInput& input) const = 0;
  // Operations on the same subject that are taken back and done anew before this one is done again: what it left half
  // done is not worth undoing piece by piece.
  virtual std::vector<std::string> rests_on() const { return {}; }
  // True for the step before which the runner journals the pivot (when the app is really started by it).
  virtual bool pivots() const { return false; }

  // Reads only. Returns the intent; no secrets in it.
  virtual Task<Result<json>> prepare(StepContext& context) = 0;
  // The effect. Returns the outcome; no secrets in it. May be called again with a new intent after undo() of the old.
  virtual Task<Result<json>> apply(StepContext& context, json intent) = 0;
  // Reads only: what of the intent has taken effect?
  virtual Task<Result<Probe>> probe(StepContext& context, json intent) = 0;
  // Takes the effect back; tolerates that none, part or all of it happened, and being called again.
  // `outcome` is null when apply() did not end. Returns a detail for people.
  virtual Task<Result<std::string>> undo(StepContext& context, json intent, json outcome) = 0;
};

// A pair of brackets around operations: both sides are operations of their own, undone like any other.
struct Bracket {
  std::string name;
  std::string summary;
  std::vector<Parameter> parameters;  // handed to every opening and closing operation that knows the name
  std::vector<std::string> opening, closing;  // names of operations
};

class OperationRegistry {
 public:
  void add(std::unique_ptr<Operation> operation);
  void add(Bracket bracket);
  Operation* find(const std::string& name) const;
  const Bracket* find_bracket(const std::string& name) const;
  std::vector<const Operation*> all() const;
  std::vector<const Bracket*> brackets() const;

 private:
  std::map<std::string, std::unique_ptr<Operation>> operations_;
  std::map<std::string, Bracket> brackets_;
};

// An operation with typed intent and outcome: both are structs that nlohmann::json knows.
template <class Intent, class Outcome>
class TypedOperation : public Operation {
 public:
  virtual Task<Result<Intent>> plan_effect(StepContext& context) = 0;
  virtual Task<Result<Outcome>> effect(StepContext& context, Intent intent) = 0;
  // done carries the outcome.
  struct Seen {
    Probe::Verdict verdict = Probe::Verdict::unknown;
    Outcome outcome{};
    std::string detail;
  };
  virtual Task<Result<Seen>> look(StepContext& context, Intent intent) = 0;
  virtual Task<Result<std::string>> take_back(StepContext& context, Intent intent, std::optional<Outcome> outcome) = 0;

  Task<Result<json>> prepare(StepContext& context) final {
    CO_TRY(Intent intent, co_await plan_effect(context));
    co_return json(intent);
  }
  Task<Result<json>> apply(StepContext& context, json intent) final {
    Intent typed = intent.get<Intent>();
    CO_TRY(Outcome outcome, co_await effect(context, std::move(typed)));
    co_return json(outcome);
  }
  Task<Result<Probe>> probe(StepContext& context, json intent) final {
    Intent typed = intent.get<Intent>();
    CO_TRY(Seen seen, co_await look(context, std::move(typed)));
    Probe result;
    result.verdict = seen.verdict;
    if (seen.verdict == Probe::Verdict::done) result.outcome = json(seen.outcome);
    result.detail = std::move(seen.detail);
    co_return result;
  }
  Task<Result<std::string>> undo(StepContext& context, json intent, json outcome) final {
    Intent typed = intent.get<Intent>();
    std::optional<Outcome> typed_outcome;
    if (!outcome.is_null()) typed_outcome = outcome.get<Outcome>();
    co_return co_await take_back(context, std::move(typed), std::move(typed_outcome));
  }
};

}  // namespace pgconvoy
