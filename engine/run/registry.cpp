#include <fmt/format.h>

#include <stdexcept>

#include "engine/run/operation.hpp"

namespace pgconvoy {

const char* to_string(Probe::Verdict verdict) {
  switch (verdict) {
    case Probe::Verdict::done:
      return "done";
    case Probe::Verdict::absent:
      return "absent";
    case Probe::Verdict::partial:
      return "partial";
    case Probe::Verdict::unknown:
      break;
  }
  return "unknown";
}

// Two of one name are a bug in the list that registers them: which of them would a stored plan mean?
void OperationRegistry::add(std::unique_ptr<Operation> operation) {
  const std::string name = operation->name();
  if (find(name) || find_bracket(name)) throw std::logic_error(fmt::format("operation {} is registered twice", name));
  operations_.emplace(name, std::move(operation));
}

void OperationRegistry::add(Bracket bracket) {
  const std::string name = bracket.name;
  if (find(name) || find_bracket(name)) throw std::logic_error(fmt::format("bracket {} is registered twice", name));
  brackets_.emplace(name, std::move(bracket));
}

Operation* OperationRegistry::find(const std::string& name) const {
  const auto found = operations_.find(name);
  return found == operations_.end() ? nullptr : found->second.get();
}

const Bracket* OperationRegistry::find_bracket(const std::string& name) const {
  const auto found = brackets_.find(name);
  return found == brackets_.end() ? nullptr : &found->second;
}

std::vector<const Operation*> OperationRegistry::all() const {
  std::vector<const Operation*> result;
  for (const auto& [name, operation] : operations_) result.push_back(operation.get());
  return result;
}

std::vector<const Bracket*> OperationRegistry::brackets() const {
  std::vector<const Bracket*> result;
  for (const auto& [name, bracket] : brackets_) result.push_back(&bracket);
  return result;
}

}  // namespace pgconvoy
