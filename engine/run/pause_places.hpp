// How many targets of this process may be in their pause at a time (`--max-paused`), beside how many are in flight: while
// one is paused another is prepared, so that servers are at work and pauses stay short.
//
// A target asks for a place when all before its pause is done, and has it until its application is back. Who finds none
// free waits in line, first come first served. Only the beginning of a pause waits: who is in his pause already, after
// a crash or on a way back, takes a place without asking, and those that wait have to wait longer for it. Without a limit
// everybody gets a place at once, but places are counted, so that a limit that is set later holds.
//
// Loop's thread only. Nothing here reads a clock: whoever waits is woken by what happens.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/task.hpp"

namespace pgconvoy {

class PausePlaces {
 public:
  struct Refusal {
    enum class Then {
      wait,   // it stays in line, and those behind it aren't held up by it
      leave,  // it is let go of as it is: prepared, and not paused
      undo,   // what was prepared is taken back
    } then = Then::leave;
    Error why;
  };
  // Why a target doesn't begin its pause whatever place is free. `waits`: it is in line, or would have to be. Asked again
  // by look_again().
  using Refuse = std::function<std::optional<Refusal>(int target, bool waits)>;

  explicit PausePlaces(Refuse refuse) : refuse_(std::move(refuse)) {}

  // none: no limit. Who fits into a higher one is let in at once; who is inside stays.
  void limit(std::optional<int> most);

  struct Answer {
    bool waits = false;               // it is in line: answered() tells when that is over
    bool has_place = false;
    std::optional<Refusal> refused;   // never with `then == wait`
    std::string because;              // of one that waits, for people
  };
  // For the target's next pause. REQUIRES: it isn't in line.
  Answer ask(int target);
  // Of one that waits: when it got a place, was refused, or end_wait() was called (then it has neither). It isn't in line then.
  Task<Answer> answered(int target);
  void end_wait(int target);

  // Takes a place without asking; nothing happens to one that has it.
  void keep(int target);
  // Gives it to the next in line. Nothing happens to one that has none.
  void leave(int target);
  // Something that refusals depend on may have changed.
  void look_again();

  int paused() const { return static_cast<int>(inside_.size()); }
  std::vector<int> waiting() const;  // in their order
  // It was let go of, or taken back, while it waited: no failure of its own.
  bool turned_away(int target) const { return turned_away_.contains(target); }

 private:
  struct InLine {
    int target = 0;
    bool answered = false;
    Answer answer;
    std::unique_ptr<asio::steady_timer> timer;  // while somebody waits for the answer
  };

  bool is_full() const { return most_ && static_cast<int>(inside_.size()) >= *most_; }
  std::string why_full() const;
  void answer(InLine& waiting, Answer answer);
  void admit();

  Refuse refuse_;
  std::optional<int> most_;
  std::set<int> inside_, turned_away_;
  std::list<std::shared_ptr<InLine>> line_;
};

}  // namespace pgconvoy
