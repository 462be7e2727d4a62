#include "cli/terminal_progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

constexpr auto kAtMost = std::chrono::milliseconds(200);
constexpr auto kForetellEvery = std::chrono::seconds(5);
constexpr auto kClocks = std::chrono::seconds(1);  // when nothing happens, only the clocks of what is in flight move on

}  // namespace

TerminalProgress::TerminalProgress(asio::any_io_executor executor, int file, report::Style style, report::ProgressBoard board)
    : timer_(executor), file_(file), style_(style), board_(std::move(board)) {
  draw_within(std::chrono::seconds(0));
}

void TerminalProgress::journaled(const Event& event) {
  board_.journaled(event);
  if (auto line = board_.ended_line(event, style_)) above_.push_back(*std::move(line));
  draw_within(kAtMost);
}

void TerminalProgress::progressed(int target, const std::string& step, const Progress& progress) {
  board_.progressed(target, step, progress.bytes, progress.total_bytes, progress.text);
  draw_within(kAtMost);
}

void TerminalProgress::stopping(int) {
  stopping_ = true;
  draw();
}

void TerminalProgress::finish() {
  if (finished_) return;
  draw();
  finished_ = true;
  timer_.cancel();
  // The board has said what it had to say; the report follows.
  if (drawn_lines_ > 0) write(fmt::format("\x1b[{}A\r\x1b[J", drawn_lines_));
}

void TerminalProgress::draw_within(SteadyTime::duration delay) {
  if (finished_) return;
  const SteadyTime earliest = last_drawn_ + kAtMost;
  const SteadyTime when = std::max(earliest, std::chrono::steady_clock::now() + (delay == kAtMost ? SteadyTime::duration(0) : delay));
  if (waiting_ && timer_.expiry() <= when) return;
  waiting_ = true;
  timer_.expires_at(when);
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](boost::system::error_code failure) {
    if (failure || alive.expired() || finished_) return;
    waiting_ = false;
    draw();
    if (board_.in_flight() > 0) draw_within(kClocks);
  });
}

void TerminalProgress::draw() {
  if (finished_) return;
  foretell_now_and_then();
  const TerminalSize size = terminal_size(file_);
  report::ProgressBoard::Frame frame;
  frame.columns = static_cast<std::size_t>(size.columns);
  frame.lines = static_cast<std::size_t>(size.lines);
  frame.now = std::chrono::system_clock::now();
  frame.stopping = stopping_;
  const std::vector<std::string> lines = board_.draw(frame, style_);
  std::string text;
  if (drawn_lines_ > 0) text += fmt::format("\x1b[{}A", drawn_lines_);
  text += "\r\x1b[J";
  for (const std::string& line : above_) text += line + "\n";
  above_.clear();
  for (const std::string& line : lines) text += line + "\n";
  drawn_lines_ = lines.size();
  last_drawn_ = std::chrono::steady_clock::now();
  write(text);
}

// It takes a hundredth of the time at most: of a very large run it is simulated less often.
void TerminalProgress::foretell_now_and_then() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now < foretell_next_) return;
  board_.foretell(std::chrono::system_clock::now());
  const SteadyTime done = std::chrono::steady_clock::now();
  foretell_next_ = done + std::max<SteadyTime::duration>(kForetellEvery, 100 * (done - now));
}

void TerminalProgress::write(const std::string& text) const {
  if (file_ == STDOUT_FILENO)
    write_out(text);
  else
    write_error(text);
}

}  // namespace pgconvoy::cli
