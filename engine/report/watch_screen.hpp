// The full screen of `pgconvoy watch`, as rows of text: regions as lanes, what is in flight, what failed, what happened last. Pure: the
// caller folds events into the state, brings time and size, and puts the rows on a terminal.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/journal/event.hpp"
#include "engine/report/progress_board.hpp"
#include "engine/report/table.hpp"

namespace pgconvoy::report {

struct ScreenSpan {
  std::string text;  // shown() already
  Tone tone = Tone::plain;
  bool bold = false, reverse = false;
};
using ScreenRow = std::vector<ScreenSpan>;
// Without colours and weights, without blanks at its end.
std::string plain_text(const ScreenRow& row);

struct WatchFailure {
  int number = 0;
  std::string cause;  // "restore_backup...: index row size 3048 exceeds ..."
};

struct WatchState {
  explicit WatchState(ProgressBoard board_) : board(std::move(board_)) {}

  ProgressBoard board;
  RunRecord run;                 // as of the last event
  std::vector<std::optional<Seconds>> budgets;           // downtime budgets, by number - 1; shorter: not known
  std::map<int, std::map<std::string, double>> planned;  // seconds of each step of those in flight, by number
  bool alive = false;            // a process is at work on it
  int concurrency = 0;
  bool waits_for_approval = false;
  int next_wave = 0;
  std::map<int, WatchFailure> failures;  // rolled back by themselves, stuck, skipped by a precondition
  std::deque<std::string> happened;      // the latest first, kHappened of them

  // A target as it was when one began to look: with its steps when it is in flight.
  void adopt(const TargetRecord& record);
  // Folds an event in: state, failures, what happened.
  void journaled(const Event& event);
  // An event from before one began to look: only a line of what happened.
  void remember(const Event& event);
  static constexpr std::size_t kHappened = 200;

 private:
  void fail(int target, const std::string& step, const json& data);
  void add_line(const Event& event, const std::string& text);
};

struct WatchView {
  enum class Page { overview, document, help };
  std::size_t columns = 80, lines = 24;
  WallTime now;
  Page page = Page::overview;
  std::string filter;                 // only targets whose id holds it
  int selected = 0;                   // number of a target; 0: none
  std::string title;                  // of the document
  std::vector<std::string> document;  // lines; any text
  std::size_t scroll = 0;             // first line of it that is shown
  std::string question, answer;       // on the last row, while something is asked
  bool asks = false;
  std::string message;                // on the last row; "": the keys
  bool message_is_bad = false;
};

// Exactly `lines` rows of at most `columns` columns.
std::vector<ScreenRow> watch_rows(const WatchState& state, const WatchView& view);

// Numbers of the targets that the overview lists, in its order: in flight, then failed ones; with a filter all that it takes.
std::vector<int> listed_targets(const WatchState& state, const WatchView& view);

// How many lines of a document fit.
std::size_t document_lines(const WatchView& view);

}  // namespace pgconvoy::report
