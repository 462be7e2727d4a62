#include "engine/journal/appender.hpp"

#include <fmt/format.h>

#include "engine/journal/chain.hpp"
#include "engine/journal/fold.hpp"

namespace pgconvoy {
namespace {

constexpr std::size_t kMostKnown = 4096;  // targets under way at a time are far fewer
constexpr std::size_t kPlannedAtOnce = 1000;  // targets of a new run that are kept before they are written

std::string place_of(const Event& event) {
  std::string place = fmt::format("r{}", event.run);
  if (event.target != 0) place += fmt::format("/t{}", event.target);
  if (!event.step.empty()) place += "/" + event.step;
  return place;
}

Error impossible(const Event& event, const std::string& why) {
  return {ErrorKind::conflict,
          fmt::format("the journal refuses {} of {}: {}", to_string(event.kind), place_of(event), why)};
}

}  // namespace

Result<void> JournalAppender::number(Event& event) {
  if (last_sequence_ < 0) {
    TRY(last_sequence_, store_.last_sequence());
  }
  event.sequence = ++last_sequence_;
  event.at = std::chrono::floor<std::chrono::milliseconds>(event.at);  // as it is stored
  if (event.data.is_null()) event.data = json::object();
  if (!event.data.is_object()) return Error(ErrorKind::usage, "the data of an event are a JSON object");
  return {};
}

Result<Stored<RunRecord>*> JournalAppender::run_of(const Event& event) {
  const auto known = runs_.find(event.run);
  if (known != runs_.end()) return &known->second;
  TRY(auto found, store_.read_run(event.run));
  if (!found) {
    if (event.kind != EventKind::run_planned) return impossible(event, "there is no such run");
    found.emplace();
    found->planned = event.sequence;
    found->hash = chain_start(token_, event.run, 0);
  }
  return &runs_.emplace(event.run, std::move(*found)).first->second;
}

Result<JournalAppender::OpenTarget*> JournalAppender::target_of(const Event& event) {
  const std::pair key(event.run, event.target);
  const auto known = targets_.find(key);
  if (known != targets_.end()) return &known->second;
  std::optional<Stored<TargetRecord>> found;
  if (event.kind != EventKind::target_planned) {
    TRY(found, stored_target(key));
    if (!found) return impossible(event, "there is no such target");
  } else {
    found.emplace();
    found->planned = event.sequence;
    found->hash = chain_start(token_, event.run, event.target);
  }
  OpenTarget open{std::move(*found), {}};
  return &targets_.emplace(key, std::move(open)).first->second;
}

// From what is known of it when nobody has written about the target since: its chain has the same head then.
Result<std::optional<Stored<TargetRecord>>> JournalAppender::stored_target(const std::pair<std::int64_t, int>& key) {
  const auto [run, number] = key;
  if (known_) {
    if (const auto known = known_->find(key); known != known_->end()) {
      TRY(const auto head, store_.read_head(run, number));
      std::optional kept(std::move(known->second));
      known_->erase(known);
      if (head == kept->hash) return kept;
    }
  }
  return store_.read_target(run, number);
}

Result<void> JournalAppender::fold_obligation(const Event& event) {
  TRY(auto found, store_.read_obligation(obligation_id(event)));
  StoredObligation stored = found.value_or(StoredObligation{{}, event.run, event.target});
  std::optional<Obligation> obligation;
  if (found) obligation = stored.obligation;
  if (const auto refusal = apply(obligation, event); !refusal.empty()) return impossible(event, refusal);
  stored.obligation = *obligation;
  if (event.kind == EventKind::obligation_made) {
    stored.run = event.run;
    stored.target = event.target;
  }
  TRY_VOID(store_.write_obligation(stored));
  if (const auto file = backup_file_deleted(stored.obligation, event)) return store_.mark_backups_deleted(event.run, *file);
  return {};
}

// The event becomes the head of its chain, and a row. It is lent to the store: its data may be large.
Result<void> JournalAppender::link(std::string& head, Event& event, std::string data) {
  StoredEvent stored{{}, to_string(event.kind), format_utc(event.at), std::move(data), {}, {}};
  stored.hash = head = last_hash_ = chain_hash(head, event, stored.kind, stored.at, stored.data);
  stored.event = std::move(event);
  auto written = store_.write_event(stored);
  event = std::move(stored.event);
  return written;
}

Result<void> JournalAppender::add(Event& event) {
  TRY_VOID(number(event));
  std::string data;
  try {
    data = event.data.dump();
    if (!is_plain(event.step)) (void)json(event.step).dump();
  } catch (const json::exception&) {
    return Error(ErrorKind::usage, fmt::format("the journal refuses {} of {}: it holds text that is not UTF-8",
                                               to_string(event.kind), place_of(event)));
  }
  if (event.target == 0) {
    TRY(auto* run, run_of(event));
    if (const auto refusal = apply(run->record, event); !refusal.empty()) return impossible(event, refusal);
    TRY_VOID(link(run->hash, event, std::move(data)));
  } else {
    TRY(auto* target, target_of(event));
    TargetRecord& record = target->stored.record;
    if (const auto refusal = apply(record, event); !refusal.empty()) return impossible(event, refusal);
    TRY_VOID(link(target->stored.hash, event, std::move(data)));
    const auto resolved = event.kind == EventKind::target_resolved ? event.data.value("step", event.step) : event.step;
    if (record.steps.contains(resolved)) target->touched.insert(resolved);
    if (record.steps.contains(event.step)) target->touched.insert(event.step);
    if (auto backup = backup_made(event)) {
      backup->target_id = record.id;
      TRY_VOID(store_.write_backup(*backup));
    }
  }
  if (is_about_obligation(event.kind)) return fold_obligation(event);
  return {};
}

Result<void> JournalAppender::plan_run(std::int64_t id, json plan, const PlannedTargets& targets, WallTime now) {
  Event event;
  event.run = id;
  event.kind = EventKind::run_planned;
  event.at = now;
  event.data = std::move(plan);
  TRY_VOID(add(event));
  event.kind = EventKind::target_planned;
  for (std::size_t index = 0; index < targets.count; ++index) {
    ++event.target;
    json planned = targets.make(index);
    if (planned.is_object() && planned.value("number", json(event.target)) != event.target)
      return Error(ErrorKind::usage, fmt::format("target {} of the plan says that it has another number", event.target));
    event.data = std::move(planned);
    TRY_VOID(add(event));
    if (targets_.size() >= kPlannedAtOnce) TRY_VOID(write_targets());
  }
  return {};
}

Result<void> JournalAppender::finish() {
  for (const auto& [id, run] : runs_) TRY_VOID(store_.write_run(run));
  TRY_VOID(write_targets());
  if (known_ && known_->size() > kMostKnown) known_->clear();
  runs_.clear();
  return {};
}

Result<void> JournalAppender::write_targets() {
  for (auto& [key, target] : targets_) {
    TRY_VOID(store_.write_target(target.stored, target.touched));
    const TargetState state = target.stored.record.state;
    if (known_ && (state == TargetState::running || state == TargetState::rolling_back)) (*known_)[key] = std::move(target.stored);
  }
  targets_.clear();
  return {};
}

}  // namespace pgconvoy
