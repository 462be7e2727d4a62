#include "cli/commands/run_intent.hpp"

#include "cli/operator_name.hpp"

namespace pgconvoy::cli {

Result<void> journal_word(Journal& journal, std::int64_t run, EventKind kind, json data, const std::string& reason) {
  Event event;
  event.run = run;
  event.kind = kind;
  event.at = journal.now();
  event.data = std::move(data);
  event.data["by"] = operator_name();
  if (!reason.empty()) event.data["reason"] = reason;
  std::vector<Event> events{std::move(event)};
  return journal.append(events);
}

Result<void> journal_intent(Journal& journal, std::int64_t run, json data, const std::string& reason) {
  return journal_word(journal, run, EventKind::run_intent, std::move(data), reason);
}

Result<void> ask_for_target(Journal& journal, std::int64_t run, int target, const std::string& what, const std::string& reason) {
  return journal_word(journal, run, EventKind::target_asked, {{"target", target}, {"what", what}}, reason);
}

}  // namespace pgconvoy::cli
