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

// What clocks of several workers may differ by, and what follows upon an end (obligations).
constexpr auto kClocks = std::chrono::seconds(30);
constexpr auto kAfterwards = std::chrono::minutes(2);

// A sequence that all events of that time and later are above of.
Result<std::int64_t> just_before(Journal& journal, std::int64_t run, WallTime time, std::int64_t last) {
  std::int64_t low = 1, high = last;
  while (low + 500 < high) {
    const std::int64_t middle = low + (high - low) / 2;
    TRY(const std::optional<Event> event, first_after(journal, run, middle));
    if (event && event->at < time - kClocks)
      low = middle;
    else
      high = middle;
  }
  return low;
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
  TRY_VOID(journal.events(run, sequence, [&](const Event& event) {
    if (!is_planned(event) && (target == 0 || event.target == target)) found.push_back(event);
    return found.size() < limit;
  }));
  return found;
}

Result<std::vector<Event>> events_before(Journal& journal, std::int64_t run, std::int64_t sequence, int target, Span worked_on, std::size_t limit) {
  std::int64_t lowest = 1;
  if (target != 0) {
    if (!worked_on.started) return std::vector<Event>();
    TRY(lowest, just_before(journal, run, *worked_on.started, sequence));
  }
  // All of a target's are gathered at once: they are few, and lie far apart.
  std::int64_t span = target != 0 ? sequence : static_cast<std::int64_t>(limit) * 2;
  for (;;) {
    const std::int64_t from = std::max(lowest, sequence - span);
    std::deque<Event> found;
    TRY_VOID(journal.events(run, from, [&](const Event& event) {
      if (event.sequence >= sequence || (target != 0 && worked_on.ended && event.at > *worked_on.ended + kAfterwards)) return false;
      if (is_planned(event) || (target != 0 && event.target != target)) return true;
      found.push_back(event);
      if (found.size() > limit) found.pop_front();
      return true;
    }));
    if (found.size() == limit || from <= lowest) return std::vector<Event>(std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    span *= 4;
  }
}

}  // namespace pgconvoy::web
