// A condition: a pure function from facts to findings. It says which facts it needs, and reads nothing itself.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/bytes.hpp"
#include "engine/core/json.hpp"
#include "engine/core/parameters.hpp"
#include "engine/facts/facts.hpp"

namespace pgconvoy {

enum class Severity { ok, info, warn, block };
const char* to_string(Severity severity);
Severity severity_from_string(const std::string& name);

struct Finding {
  Severity severity = Severity::ok;
  std::string condition;     // its name
  std::string object;        // qualified name of what it is about: database "shop", extension postgis, role ...
  std::string evidence;      // what was read
  std::string why;           // why it matters, with version and page of manual or release notes
  std::string remedy;        // SQL or option to type
  bool mendable = false;     // pgconvoy mends it itself
  // What many targets have in common, in a few words: "libpq 9.6". Reports group by it; "": by `why`.
  std::string cause = {};
  bool accepted = false;     // by a suppression of the fleet: severity info then
};

void to_json(json& target, const Finding& finding);
void from_json(const json& source, Finding& finding);

// What `check --explain` prints and docs/conditions.md holds. Whole sentences; "" where there is nothing to say.
struct ConditionPage {
  std::string why;       // what goes wrong without it, for somebody who never met it
  std::string reads;     // what is read, from where, and how it is judged
  std::string silent;    // what looks alike and is fine, and what it can't see
  std::string remedies;  // what can be done
  std::string sources;   // manual, release notes
  int since = 0;         // it matters to moves from an older major version to this one or a newer; 0: to all
};

class Condition {
 public:
  virtual ~Condition() = default;
  virtual std::string name() const = 0;
  virtual std::string summary() const = 0;  // one sentence, for `runbook show` and the reference
  virtual std::vector<Parameter> parameters() const { return {}; }
  virtual ConditionPage page() const { return {}; }

  // Names of the parts and inquiries (engine/facts/part.hpp, inquiry.hpp) whose facts it judges: nothing else is read for it.
  virtual std::vector<std::string> needs() const { return {}; }

  // Findings of severity ok are left out: an empty list means the condition holds. `arguments` were validated
  // against parameters(). Pure, any thread.
  virtual std::vector<Finding> evaluate(const TargetFacts& facts, const json& arguments) const = 0;
};

class ConditionRegistry {
 public:
  void add(std::unique_ptr<Condition> condition);
  const Condition* find(const std::string& name) const;
  std::vector<const Condition*> all() const;  // by name

 private:
  std::map<std::string, std::unique_ptr<Condition>> conditions_;
};

}  // namespace pgconvoy
