#include "engine/core/error.hpp"

#include <fmt/format.h>

#include <array>
#include <ostream>

namespace pgconvoy {
namespace {

constexpr std::array<std::pair<ErrorKind, const char*>, 12> kNames{{
    {ErrorKind::usage, "usage"},
    {ErrorKind::refused, "refused"},
    {ErrorKind::unreachable, "unreachable"},
    {ErrorKind::timeout, "timeout"},
    {ErrorKind::not_found, "not_found"},
    {ErrorKind::conflict, "conflict"},
    {ErrorKind::corrupt, "corrupt"},
    {ErrorKind::io, "io"},
    {ErrorKind::sql, "sql"},
    {ErrorKind::process, "process"},
    {ErrorKind::cancelled, "cancelled"},
    {ErrorKind::internal, "internal"},
}};

}  // namespace

const char* to_string(ErrorKind kind) {
  for (const auto& [value, name] : kNames)
    if (value == kind) return name;
  return "internal";
}

ErrorKind error_kind_from_string(const std::string& wanted) {
  for (const auto& [value, name] : kNames)
    if (wanted == name) return value;
  return ErrorKind::internal;
}

std::string describe(const Error& error) {
  std::string text = error.message;
  if (!error.server.empty()) text += fmt::format(" (server {})", error.server);
  if (!error.sqlstate.empty()) text += fmt::format(" [SQLSTATE {}]", error.sqlstate);
  if (!error.remedy.empty()) text += "\n  " + error.remedy;
  return text;
}

std::ostream& operator<<(std::ostream& out, const Error& error) { return out << describe(error); }

void throw_exception_from_error(const Error& error, const boost::source_location& location) {
  throw std::logic_error(
      fmt::format("unchecked error at {}:{}: {}", location.file_name(), location.line(), error.message));
}

}  // namespace pgconvoy
