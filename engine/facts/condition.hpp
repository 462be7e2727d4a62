// A condition: a pure function from facts to findings. It declares nothing and reads nothing.
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
};

void to_json(json& target, const Finding& finding);
void from_json(const json& source, Finding& finding);

class Condition {
 public:
  virtual ~Condition() = default;
  virtual std::string name() const = 0;
  virtual std::string summary() const = 0;  // one sentence, for `runbook show` and the reference
  virtual std::vector<Parameter> parameters() const { return {}; }

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
