#include "runbooks/yaml_values.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace pgconvoy {
namespace {

std::optional<json> number_of(const std::string& text) {
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc{} && read.ptr == end)
    return json(whole);
  double value = 0;
  if (const auto read = std::from_chars(text.data(), end, value);
      read.ec == std::errc{} && read.ptr == end && std::isfinite(value))
    return json(value);
  return std::nullopt;
}

}  // namespace

json value_of(const YamlNode& node, Parameter::Type type) {
  if (!node.quoted) {
    if (type == Parameter::Type::boolean && (node.text == "true" || node.text == "false")) return node.text == "true";
    if (type == Parameter::Type::number || type == Parameter::Type::duration)
      if (auto number = number_of(node.text)) return *std::move(number);
  }
  return node.text;
}

const char* wanted(Parameter::Type type) {
  switch (type) {
    case Parameter::Type::number:
      return "a number";
    case Parameter::Type::boolean:
      return "true or false";
    case Parameter::Type::duration:
      return "a duration such as 90s, 5m, 1h30m or 7d";
    case Parameter::Type::text:
      break;
  }
  return "text";
}

bool fits(const json& value, Parameter::Type type) {
  switch (type) {
    case Parameter::Type::text:
      return value.is_string();
    case Parameter::Type::number:
      return value.is_number();
    case Parameter::Type::boolean:
      return value.is_boolean();
    case Parameter::Type::duration:
      break;
  }
  Parameter parameter;
  parameter.name = "duration";
  parameter.type = Parameter::Type::duration;
  return complete_arguments("", {parameter}, {{"duration", value}}).has_value();
}

bool is_name(const std::string& text, char also) {
  if (text.empty() || text.front() < 'a' || text.front() > 'z') return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == also; });
}

}  // namespace pgconvoy
