// What a program of the site answered: read strictly, and never repeated in an error.
#include <fmt/format.h>

#include <array>

#include "engine/core/printable.hpp"
#include "engine/platform/exec_call.hpp"

namespace pgconvoy {
namespace {

constexpr std::size_t kLongestMessage = 1000;

// The kinds that a program may give to its failures; the others are our own business.
constexpr std::array kKindsOfPrograms{ErrorKind::usage,    ErrorKind::refused, ErrorKind::unreachable, ErrorKind::timeout,
                                      ErrorKind::not_found, ErrorKind::conflict, ErrorKind::corrupt,  ErrorKind::io,
                                      ErrorKind::process};

ErrorKind kind_of(const json& error) {
  const auto found = error.find("kind");
  if (found == error.end() || !found->is_string()) return ErrorKind::process;
  for (const ErrorKind kind : kKindsOfPrograms)
    if (*found == to_string(kind)) return kind;
  return ErrorKind::process;
}

std::string line_of(const json& error, const char* name) {
  const auto found = error.find(name);
  if (found == error.end() || !found->is_string()) return "";
  return shortened(printable(found->get_ref<const std::string&>()), kLongestMessage);
}

}  // namespace

Result<ProgramAnswer> read_answer(const std::string& whose, const std::string& output) {
  const ProgramAnswer none(whose, json::object());
  if (output.size() > kLargestAnswer) return none.wrong(fmt::format("more than {} bytes", kLargestAnswer));
  if (printable(output).empty()) return none.wrong("nothing; a JSON object is expected on stdout, {} when there is nothing to say");
  json document;
  try {
    document = json::parse(output);
  } catch (const json::parse_error& problem) {
    // Its own text repeats a part of the answer, which may be a password.
    return none.wrong(fmt::format("something that is no JSON document (at byte {} of {})", problem.byte, output.size()));
  } catch (const json::exception&) {
    return none.wrong("a number that is out of range");
  }
  if (!document.is_object()) return none.wrong(fmt::format("a JSON {}, not an object", document.type_name()));
  ProgramAnswer answer(whose, std::move(document));
  if (answer.has("error")) return answer.wrong("an error, and exit code 0; an error needs another exit code");
  return answer;
}

Error read_failure(const std::string& whose, int exit_code, const std::string& output, const std::string& log_lines) {
  const json document = output.size() > kLargestAnswer ? json() : json::parse(output, nullptr, false);
  std::string said;
  Error failure(ErrorKind::process, "");
  if (document.is_object() && document.contains("error") && document["error"].is_object()) {
    const json& error = document["error"];
    failure.kind = kind_of(error);
    failure.remedy = line_of(error, "remedy");
    said = line_of(error, "message");
  }
  if (said.empty()) said = log_lines;
  if (exit_code > 128 && exit_code < 128 + 65) {
    failure.message = fmt::format("{} was ended by signal {}", whose, exit_code - 128);
    failure.outcome_unknown = true;
  } else {
    failure.message = fmt::format("{} failed (exit code {})", whose, exit_code);
  }
  if (!said.empty()) failure.message += ": " + said;
  return failure;
}

Error ProgramAnswer::wrong(const std::string& what) const {
  return Error(ErrorKind::process, fmt::format("{} answered {}", whose_, what),
               "docs/platform.md says what it is to answer; pgconvoy doctor --platform tests it");
}

Result<bool> ProgramAnswer::truth(const std::string& name) const {
  const auto found = document_.find(name);
  if (found == document_.end() || !found->is_boolean()) return wrong(fmt::format("no \"{}\" that is true or false", name));
  return found->get<bool>();
}

Result<std::int64_t> ProgramAnswer::number(const std::string& name) const {
  const auto found = document_.find(name);
  if (found == document_.end() || !found->is_number_integer() ||
      (found->is_number_unsigned() && found->get<std::uint64_t>() > std::uint64_t{1} << 62))
    return wrong(fmt::format("no \"{}\" that is a whole number", name));
  return found->get<std::int64_t>();
}

Result<std::string> ProgramAnswer::text(const std::string& name) const {
  const auto found = document_.find(name);
  if (found == document_.end() || !found->is_string()) return wrong(fmt::format("no \"{}\" that is a text", name));
  return found->get<std::string>();
}

std::string ProgramAnswer::text_or(const std::string& name, const std::string& otherwise) const {
  const auto found = document_.find(name);
  return found == document_.end() || !found->is_string() ? otherwise
                                                         : shortened(printable(found->get_ref<const std::string&>()), 300);
}

Result<std::vector<std::string>> ProgramAnswer::texts(const std::string& name) const {
  const auto found = document_.find(name);
  std::vector<std::string> result;
  if (found == document_.end() || !found->is_array()) return wrong(fmt::format("no \"{}\" that is a list of texts", name));
  for (const json& each : *found) {
    if (!each.is_string()) return wrong(fmt::format("a \"{}\" that is not a list of texts", name));
    result.push_back(each.get<std::string>());
  }
  return result;
}

Result<std::map<std::string, Secret>> ProgramAnswer::secrets(const std::string& name) const {
  const auto found = document_.find(name);
  std::map<std::string, Secret> result;
  if (found == document_.end() || !found->is_object())
    return wrong(fmt::format("no \"{}\" that is an object of texts", name));
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string()) return wrong(fmt::format("a \"{}\" that is not an object of texts", name));
    result.emplace(key, Secret(value.get<std::string>()));
  }
  return result;
}

Result<json> ProgramAnswer::document(const std::string& name) const {
  const auto found = document_.find(name);
  if (found == document_.end() || !found->is_object()) return wrong(fmt::format("no \"{}\" that is an object", name));
  return *found;
}

Result<ProgramAnswer> ProgramAnswer::object(const std::string& name) const {
  const auto found = document_.find(name);
  if (found == document_.end() || !found->is_object()) return wrong(fmt::format("no \"{}\" that is an object", name));
  return ProgramAnswer(whose_, *found);
}

}  // namespace pgconvoy
