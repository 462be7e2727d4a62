// A run that is looked at in a full screen: what is read of its journal, and what keys do. No terminal is needed for it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/journal_changes.hpp"
#include "cli/options.hpp"
#include "cli/own_command.hpp"
#include "cli/passed_on_progress.hpp"
#include "cli/screen.hpp"
#include "engine/journal/journal.hpp"
#include "engine/report/watch_screen.hpp"

namespace pgconvoy::cli {

class WatchSession {
 public:
  // Reads the run as it is: its targets once, and of their steps those in flight. Blocking. `command` does what a key asks for:
  // call_own_program().
  static Result<std::unique_ptr<WatchSession>> open(const GlobalOptions& globals, std::unique_ptr<Journal> journal, std::int64_t run,
                                                    std::function<OwnAnswer(const std::vector<std::string>&)> command);

  // Reads what was written since the last time, when something was. True when the screen may look different now.
  Result<bool> look();
  // False: it is over, somebody wants to go.
  bool typed(const Key& key);

  std::vector<report::ScreenRow> rows(std::size_t columns, std::size_t lines);

 private:
  enum class Question { none, filter, pause, concurrency, approve };

  WatchSession(const GlobalOptions& globals, std::unique_ptr<Journal> journal, std::int64_t run, report::WatchState state,
               std::function<OwnAnswer(const std::vector<std::string>&)> command);
  Result<void> read_targets();
  Result<void> read_last_events();
  void learn_steps(int number);
  void look_whether_alive();
  void foretell_now_and_then();
  bool typed_on_overview(const Key& key);
  void typed_on_document(const Key& key);
  void typed_answer(const Key& key);
  void move_selection(int by);
  void ask(Question question, const std::string& text);
  void act(const std::string& answer);
  void say(const OwnAnswer& answer);
  void show_details();
  void show_log();
  void show_document(std::string title, std::vector<std::string> lines, bool from_its_end);

  GlobalOptions globals_;
  std::unique_ptr<Journal> journal_;
  std::int64_t run_;
  report::WatchState state_;
  report::WatchView view_;
  std::function<OwnAnswer(const std::vector<std::string>&)> command_;
  JournalChanges changes_;
  ProgressLook progress_;
  Question question_ = Question::none;
  std::int64_t seen_ = 0;  // the last sequence that was read
  SteadyTime alive_next_{}, foretell_next_{}, drawn_next_{}, message_until_{};
};

}  // namespace pgconvoy::cli
