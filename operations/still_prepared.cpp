#include "operations/still_prepared.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "engine/postgres/compare.hpp"
#include "engine/postgres/schema_marker.hpp"
#include "operations/pause_limit.hpp"
#include "operations/prepare_reprovisioned_services.hpp"

namespace pgconvoy {
namespace {

enum class Since { untouched, equal, changed };

Error prepared_again(StepContext& context, const std::string& why) {
  Error error(ErrorKind::conflict, fmt::format("\"{}\" is prepared again while it is paused: {}", context.instance().database, why));
  error.retryable = true;
  return error;
}

Task<Result<Since>> read_again(const PrepareOutcome& prepared, Session& source, int other_version) {
  if (!prepared.fingerprint.empty() && !prepared.marker.empty()) {
    CO_TRY(const std::string marker, co_await schema_marker(source, prepared.marker));
    if (marker == prepared.marker) co_return Since::untouched;
  }
  CO_TRY(const std::string now, co_await schema_fingerprint(source, other_version));
  co_return now == prepared.fingerprint ? Since::equal : Since::changed;
}

}  // namespace

Result<PreparedRest> rest_of_definitions(StepContext& context, const std::string& definitions) {
  std::error_code problem;
  if (!std::filesystem::exists(definitions, problem) || !std::filesystem::exists(rest_file(definitions), problem))
    return prepared_again(context, fmt::format("its definitions ({}) are not on this host", definitions));
  return read_rest(definitions);
}

Task<Result<bool>> still_as_prepared(StepContext& context, std::string new_server, Session& source) {
  const auto prepared = context.outcome<PrepareOutcome>("prepare_reprovisioned_services", context.instance().id);
  if (!prepared) co_return Error(ErrorKind::internal, "there is no prepared database of " + context.instance().id);
  auto reading = read_again(*prepared, source, context.work.facts.servers.at(new_server).version_number);
  CO_TRY(const Since since, co_await within_pause(context, "reading the catalogue", std::move(reading)));
  if (since == Since::changed) co_return prepared_again(context, "its schema changed after it was prepared");
  co_return since == Since::untouched;
}

}  // namespace pgconvoy
