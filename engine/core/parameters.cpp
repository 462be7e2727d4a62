#include "engine/core/parameters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace pgconvoy {
namespace {

struct DurationUnit {
  std::string_view name;
  double seconds;
};
// From the longest to the shortest: the parts of a duration must come in this order.
constexpr std::array<DurationUnit, 5> kDurationUnits{{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 0.001}}};
// A century: more is a slip of the finger, and would overflow the clock's type.
constexpr double kLongest = 100.0 * 366 * 86400;

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

Error bad_duration(const std::string& text) {
  return {ErrorKind::usage, fmt::format("\"{}\" is not a duration", text),
          "write it like 250ms, 90s, 5m, 1h30m or 7d; a number alone means seconds"};
}

// The value as its type wants it; null when it can't be that. Not std::optional<json>: our JSON type converts to
// and from optional by itself, which makes every return of one ambiguous.
json converted(Parameter::Type type, const json& value) {
  switch (type) {
    case Parameter::Type::text:
      if (value.is_string()) return value;
      return nullptr;
    case Parameter::Type::number:
      if (value.is_number()) return value;
      if (value.is_string())  // --set gives everything as text
        if (auto number = parse_number(value.get<std::string>())) {
          if (*number == std::floor(*number) && std::abs(*number) < 1e15) return static_cast<std::int64_t>(*number);
          return *number;
        }
      return nullptr;
    case Parameter::Type::boolean:
      if (value.is_boolean()) return value;
      if (value == "true") return true;
      if (value == "false") return false;
      return nullptr;
    case Parameter::Type::duration:
      if (value.is_number()) {
        const double seconds = value.get<double>();
        if (std::isfinite(seconds) && seconds >= 0 && seconds <= kLongest) return seconds;
      } else if (value.is_string()) {
        if (auto seconds = parse_duration(value.get<std::string>())) return *seconds;
      }
      return nullptr;
  }
  return nullptr;
}

const char* wanted_form(Parameter::Type type) {
  switch (type) {
    case Parameter::Type::text:
      return "a text (in quotes where it looks like a number)";
    case Parameter::Type::number:
      return "a number";
    case Parameter::Type::boolean:
      return "true or false";
    case Parameter::Type::duration:
      return "a duration such as 90s, 5m, 1h30m or 7d";
  }
  return "";
}

std::string known_names(const std::vector<Parameter>& parameters) {
  if (parameters.empty()) return "it takes none";
  std::vector<std::string> names;
  for (const auto& parameter : parameters) names.push_back(parameter.name);
  return fmt::format("it takes: {}", fmt::join(names, ", "));
}

}  // namespace

const char* to_string(Parameter::Type type) {
  switch (type) {
    case Parameter::Type::text:
      return "text";
    case Parameter::Type::number:
      return "number";
    case Parameter::Type::boolean:
      return "boolean";
    case Parameter::Type::duration:
      return "duration";
  }
  return "text";
}

Result<json> complete_arguments(const std::string& what, const std::vector<Parameter>& parameters, const json& given) {
  std::vector<std::string> problems;
  json complete = json::object();
  if (!given.is_null() && !given.is_object())
    return Error(ErrorKind::usage, fmt::format("{}: its arguments must be names with values", what));

  if (given.is_object())
    for (const auto& [name, value] : given.items())
      if (std::none_of(parameters.begin(), parameters.end(), [&, &name = name](const auto& known) { return known.name == name; }))
        problems.push_back(fmt::format("unknown parameter \"{}\" ({})", name, known_names(parameters)));

  for (const auto& parameter : parameters) {
    const bool is_given = given.is_object() && given.contains(parameter.name);
    const json& value = is_given ? given.at(parameter.name) : parameter.fallback;
    if (!is_given && value.is_null()) {
      problems.push_back(fmt::format("parameter \"{}\" is missing ({})", parameter.name, parameter.summary));
    } else if (json good = converted(parameter.type, value); !good.is_null()) {
      complete[parameter.name] = std::move(good);
    } else {
      problems.push_back(fmt::format("parameter \"{}\" must be {}, not {}", parameter.name, wanted_form(parameter.type),
                                     value.dump(-1, ' ', false, json::error_handler_t::replace)));
    }
  }
  if (!problems.empty()) return Error(ErrorKind::usage, fmt::format("{}: {}", what, fmt::join(problems, "; ")));
  return complete;
}

Result<double> parse_duration(const std::string& text) {
  if (text.empty() || text.front() == '-' || text.front() == '+') return bad_duration(text);
  double total = 0;
  if (auto seconds = parse_number(text)) {
    total = *seconds;
  } else {
    std::string_view rest = text;
    std::size_t next_unit = 0;
    while (!rest.empty()) {
      const auto digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
      auto letters = std::min(rest.find_first_of("0123456789.", digits), rest.size());
      auto amount = parse_number(rest.substr(0, digits));
      const auto name = rest.substr(digits, letters - digits);
      const auto* unit = std::find_if(kDurationUnits.begin() + next_unit, kDurationUnits.end(),
                                      [&](auto& each) { return each.name == name; });
      if (!amount || unit == kDurationUnits.end()) return bad_duration(text);
      total += *amount * unit->seconds;
      next_unit = static_cast<std::size_t>(unit - kDurationUnits.begin()) + 1;
      rest.remove_prefix(letters);
    }
  }
  if (!std::isfinite(total) || total > kLongest) return bad_duration(text);
  return total;
}

}  // namespace pgconvoy
