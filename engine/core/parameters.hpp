// The description of a parameter of an operation or a condition, said once: YAML, --set, help and the
// reference pages come from it.
#pragma once

#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace pgconvoy {

struct Parameter {
  enum class Type { text, number, boolean, duration };  // duration: "90s", "5m", "7d"; kept as seconds
  std::string name;
  Type type = Type::text;
  json fallback;        // null: it must be given
  std::string summary;  // one sentence
};

const char* to_string(Parameter::Type type);

// Checks names and types and fills in the defaults; durations become a number of seconds. All problems in one
// Error of kind usage. `what` names the operation or condition in messages.
Result<json> complete_arguments(const std::string& what, const std::vector<Parameter>& parameters, const json& given);

// "5m" -> 300, "1h30m", "7d", "250ms", "45" (seconds). Error usage otherwise.
Result<double> parse_duration(const std::string& text);

}  // namespace pgconvoy
