// Any sequence of events, one JSON object a line, goes through the fold and the invariants without a crash.
#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "engine/journal/describe.hpp"
#include "engine/journal/fold.hpp"
#include "engine/journal/invariants.hpp"

using namespace pgconvoy;

namespace {

std::string text(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int number(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number_integer() ? static_cast<int>(found->get<std::int64_t>() % 1000) : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  std::size_t said = 0;
  Invariants invariants([&](const Violation& violation) { said += describe(violation).size(); });
  RunRecord run;
  std::map<int, TargetRecord> targets;
  std::map<std::string, std::optional<Obligation>> obligations;
  std::int64_t sequence = 0;
  for (std::string each; std::getline(lines, each);) {
    const json line = json::parse(each, nullptr, false);
    const auto kind = line.is_object() ? event_kind_from_string(text(line, "kind")) : std::nullopt;
    if (!kind) continue;
    Event event;
    event.sequence = ++sequence;
    event.run = 1;
    event.target = number(line, "target") % 3;
    event.step = text(line, "step");
    event.attempt = number(line, "attempt");
    event.epoch = number(line, "epoch");
    event.kind = *kind;
    event.at = parse_utc(text(line, "at"));
    if (line.contains("data") && line["data"].is_object()) event.data = line["data"];
    if (event.target == 0) {
      invariants.next(run, event);
      (void)pgconvoy::apply(run, event);
    } else {
      invariants.next(targets[event.target], event);
      (void)pgconvoy::apply(targets[event.target], event);
    }
    (void)backup_made(event);
    if (!is_about_obligation(event.kind)) continue;
    auto& obligation = obligations[obligation_id(event)];
    if (pgconvoy::apply(obligation, event).empty() && obligation) (void)backup_file_deleted(*obligation, event);
  }
  for (auto& [target, record] : targets) {
    invariants.end(record);
    (void)record.in_order();
    (void)differing_fields(describe(record), describe(TargetRecord()));
  }
  return said == SIZE_MAX;
}
