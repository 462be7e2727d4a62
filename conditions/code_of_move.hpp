// The facts that all conditions over a database's code start from.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conditions/moves.hpp"
#include "engine/facts/builtins.hpp"
#include "engine/facts/code.hpp"
#include "engine/facts/removed_code.hpp"

namespace pgconvoy {

struct CodeOfMove {
  std::shared_ptr<const CodeFacts> code;
  std::shared_ptr<const RemovedCodeFacts> removed;
  std::shared_ptr<const Builtins> source, target;
};

// None when something was not read; then a finding says so. Conditions that call it need all four: code_needs().
std::optional<CodeOfMove> code_of(std::string_view condition, const Move& move, std::vector<Finding>& findings);

// Names of what code_of() wants.
std::vector<std::string> code_needs();

// Whether the definition can be made where there is this: by its exact types or by any that fit.
bool can_be_made(const DefinitionFact& definition, const Builtins& there);

// What stands for a removed function, operator ("operator !(bigint, NONE)") or column, where the manual or the release
// notes name something; "" otherwise.
std::string replacement_of(const std::string& use);

}  // namespace pgconvoy
