// Scalars of a runbook file as values of parameters.
#pragma once

#include <string>

#include "engine/core/parameters.hpp"
#include "engine/fleet/yaml_tree.hpp"

namespace pgconvoy {

// A scalar as the parameter's type would have it written; what doesn't fit stays text, for fits() to refuse. In
// quotes it is text, whatever it looks like.
json value_of(const YamlNode& node, Parameter::Type type);

bool fits(const json& value, Parameter::Type type);

// What a value of the type is, for messages: "a number".
const char* wanted(Parameter::Type type);

// a-z, 0-9 and one character more, beginning with a letter.
bool is_name(const std::string& text, char also);

}  // namespace pgconvoy
