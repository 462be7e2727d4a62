// The board of a run, redrawn in place at most five times a second; what ended scrolls away above it.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "cli/progress.hpp"
#include "engine/report/progress_board.hpp"

namespace pgconvoy::cli {

class TerminalProgress final : public ProgressListener {
 public:
  TerminalProgress(asio::any_io_executor executor, int file, report::Style style, report::ProgressBoard board);

  void journaled(const Event& event) override;
  void progressed(int target, const std::string& step, const Progress& progress) override;
  void stopping(int in_flight) override;
  void finish() override;
  int in_flight() const override { return board_.in_flight(); }
  bool watches_progress() const override { return true; }

 private:
  // Sees to it that the board is drawn at that time or before.
  void draw_within(SteadyTime::duration delay);
  void draw();
  void foretell_now_and_then();
  void write(const std::string& text) const;

  asio::steady_timer timer_;
  int file_;
  report::Style style_;
  report::ProgressBoard board_;
  std::vector<std::string> above_;  // lines to leave behind at the next drawing
  std::size_t drawn_lines_ = 0;
  SteadyTime last_drawn_;
  SteadyTime foretell_next_;
  bool waiting_ = false, stopping_ = false, finished_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pgconvoy::cli
