#include "engine/web/event_pages.hpp"

#include <algorithm>
#include <deque>

namespace pgconvoy::web {
namespace {

bool is_planned(const Event& event) { return event.kind == EventKind::run_planned || event.kind == EventKind::target_planned; }

// The first event after that sequence.
Result<std::optional<Event>> first_after(Journal& journal, std::int64_t run, std::int64_t sequence) {
  std::optional<Event> found;
  // 0 would have the run itself looked for each time.
  TRY_VOID(journal.events(run, std::max<std::int64_t>(sequence, 1), [&](const Event& event) {
    found = event;
    return false;
  }));
  return found;
}

}  // namespace

Result<std::int64_t> last_sequence(Journal& journal, std::int64_t run) {
  TRY_VOID(journal.run_without_plan(run));
  std::int64_t low = 1, step = 1024;
  for (;;) {
    TRY(const std::optional<Event> event, first_after(journal, run, low + step));
    if (!event) break;
    low = event->sequence;
    step *= 2;
  }
  // The last one is in (low, low + step].
  std::int64_t high = low + step;
  while (high - low > 400) {
    const std::int64_t middle = low + (high - low) / 2;
    TRY(const std::optional<Event> event, first_after(journal, run, middle));
    if (event)
      low = event->sequence;
    else
      high = middle;
  }
  std::int64_t last = low;
  TRY_VOID(journal.events(run, low, [&](const Event& event) {
    last = event.sequence;
    return true;
  }));
  return last;
}

Result<std::vector<Event>> events_after(Journal& journal, std::int64_t run, std::int64_t sequence, int target, std::size_t limit) {
  std::vector<Event> found;
  const auto visit = [&](const Event& event) {
    if (!is_planned(event)) found.push_back(event);
    return found.size() < limit;
  };
  TRY_VOID(target != 0 ? journal.target_events(run, target, sequence, visit) : journal.events(run, sequence, visit));
  return found;
}

Result<std::vector<Event>> events_before(Journal& journal, std::int64_t run, std::int64_t sequence, int target, std::size_t limit) {
  std::deque<Event> found;
  const auto visit = [&](const Event& event) {
    if (event.sequence >= sequence) return false;
    if (is_planned(event)) return true;
    found.push_back(event);
    if (found.size() > limit) found.pop_front();
    return true;
  };
  const auto page = [&found] { return std::vector<Event>(std::make_move_iterator(found.begin()), std::make_move_iterator(found.end())); };
  if (target != 0) {
    TRY_VOID(journal.target_events(run, target, 1, visit));
    return page();
  }
  // A run's events lie close together: twice as many sequences hold them nearly always.
  std::int64_t span = static_cast<std::int64_t>(limit) * 2;
  for (;;) {
    const std::int64_t from = std::max<std::int64_t>(1, sequence - span);
    found.clear();
    TRY_VOID(journal.events(run, from, visit));
    if (found.size() == limit || from <= 1) return page();
    span *= 4;
  }
}

}  // namespace pgconvoy::web
