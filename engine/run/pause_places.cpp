#include "engine/run/pause_places.hpp"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <stdexcept>

namespace pgconvoy {

void PausePlaces::limit(std::optional<int> most) {
  if (most_ == most) return;
  most_ = most;
  admit();
}

std::string PausePlaces::why_full() const {
  return fmt::format("{} paused, and --max-paused allows {}", inside_.size() == 1 ? "1 target is" : fmt::format("{} targets are", inside_.size()), most_.value_or(0));
}

// Who came later never goes before somebody who waits for a place, but past one who is held for other reasons.
PausePlaces::Answer PausePlaces::ask(int target) {
  Answer answer;
  if (!most_) {
    keep(target);
    answer.has_place = true;
    return answer;
  }
  turned_away_.erase(target);
  bool waits = is_full();
  auto refused = refuse_(target, waits);
  if (!waits && refused && refused->then == Refusal::Then::wait) {
    waits = true;
    refused = refuse_(target, waits);
  }
  if (refused && refused->then != Refusal::Then::wait) {
    turned_away_.insert(target);
    answer.refused = std::move(refused);
    return answer;
  }
  if (!waits) {
    keep(target);
    answer.has_place = true;
    return answer;
  }
  answer.waits = true;
  answer.because = refused ? refused->why.message : why_full();
  auto waiting = std::make_shared<InLine>();
  waiting->target = target;
  line_.push_back(std::move(waiting));
  return answer;
}

void PausePlaces::answer(InLine& waiting, Answer answer) {
  waiting.answer = std::move(answer);
  waiting.answered = true;
  if (waiting.timer) waiting.timer->cancel();
}

Task<PausePlaces::Answer> PausePlaces::answered(int target) {
  const auto found = std::find_if(line_.begin(), line_.end(), [target](const auto& waiting) { return waiting->target == target; });
  if (found == line_.end()) throw std::logic_error("PausePlaces::answered: the target isn't in line");
  const std::shared_ptr<InLine> waiting = *found;
  auto executor = co_await asio::this_coro::executor;
  while (!waiting->answered) {
    waiting->timer = std::make_unique<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    boost::system::error_code ignored;
    co_await waiting->timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  line_.remove(waiting);
  co_return waiting->answer;
}

void PausePlaces::end_wait(int target) {
  for (const auto& waiting : line_)
    if (waiting->target == target && !waiting->answered) answer(*waiting, Answer{});
}

void PausePlaces::keep(int target) { inside_.insert(target); }

void PausePlaces::leave(int target) {
  if (inside_.erase(target) > 0) admit();
}

void PausePlaces::look_again() { admit(); }

std::vector<int> PausePlaces::waiting() const {
  std::vector<int> targets;
  for (const auto& waiting : line_)
    if (!waiting->answered) targets.push_back(waiting->target);
  return targets;
}

// Refusals are asked for of all that wait, also when nobody is let in: whoever is turned away needn't wait for a place.
void PausePlaces::admit() {
  for (const auto& waiting : line_) {
    if (waiting->answered) continue;
    auto refused = refuse_(waiting->target, true);
    if (refused && refused->then == Refusal::Then::wait) continue;
    Answer given;
    if (refused) {
      turned_away_.insert(waiting->target);
      given.refused = std::move(refused);
    } else if (is_full()) {
      continue;
    } else {
      keep(waiting->target);
      given.has_place = true;
    }
    answer(*waiting, std::move(given));
  }
}

}  // namespace pgconvoy
