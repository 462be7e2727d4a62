#include "cli/commands/run_intent.hpp"

#include "cli/operator_name.hpp"

namespace pgconvoy::cli {

Result<void> journal_intent(Journal& journal, std::int64_t run, json data, const std::string& reason) {
  Event event;
  event.run = run;
  event.kind = EventKind::run_intent;
  event.at = std::chrono::system_clock::now();
  event.data = std::move(data);
  event.data["by"] = operator_name();
  if (!reason.empty()) event.data["reason"] = reason;
  std::vector<Event> events{std::move(event)};
  return journal.append(events);
}

}  // namespace pgconvoy::cli
