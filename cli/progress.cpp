#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/json_text.hpp"
#include "cli/terminal_progress.hpp"
#include "engine/report/event_text.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

WallTime now() { return std::chrono::system_clock::now(); }

// Also what a log collector gets: one line for every target begun and ended and every step done.
class LineProgress final : public ProgressListener {
 public:
  LineProgress(const Output& output, report::ProgressBoard board, const Plan& plan)
      : output_(output), board_(std::move(board)) {
    for (const PlannedTarget& planned : plan.targets) ids_.push_back(report::shown(planned.target.id));
  }
  void journaled(const Event& event) override {
    board_.journaled(event);
    if (!output_.quiet && event.target == 0 && is_of_rollout(event.kind))
      write_out(fmt::format("{} {}\n", report::clock_time(event.at), report::event_line(event, output_.style(), output_.verbose)));
    if (output_.quiet || event.target < 1 || event.target > static_cast<int>(ids_.size())) return;
    if (!output_.verbose && !is_told(event.kind)) return;
    const auto ended = board_.ended_line(event, output_.style());
    const std::string text = ended ? *ended : fmt::format("{}: {}", ids_[event.target - 1],
                                                          report::event_line(event, output_.style(), output_.verbose));
    write_out(fmt::format("{} [{}/{}] {}\n", report::clock_time(event.at), event.target, ids_.size(), text));
  }
  void progressed(int, const std::string&, const Progress&) override {}
  void stopping(int in_flight) override {
    write_error(fmt::format("stopping: {} in flight, then this ends; a second signal stops at once\n", in_flight));
  }
  int in_flight() const override { return board_.in_flight(); }

 private:
  static bool is_of_rollout(EventKind kind) {
    switch (kind) {
      case EventKind::run_waits:
      case EventKind::wave_opened:
      case EventKind::wave_ended:
      case EventKind::wave_approved:
      case EventKind::limits_set:
      case EventKind::target_asked:
      case EventKind::app_unhealthy:
      case EventKind::owner_notice:
      case EventKind::pause_over_budget:
        return true;
      default:
        return false;
    }
  }
  static bool is_told(EventKind kind) {
    switch (kind) {
      case EventKind::step_started:
      case EventKind::undo_started:
      case EventKind::facts_gathered:
      case EventKind::obligation_made:
      case EventKind::obligation_cancelled:
        return false;
      default:
        return true;
    }
  }

  Output output_;
  report::ProgressBoard board_;
  std::vector<std::string> ids_;
};

class JsonProgress final : public ProgressListener {
 public:
  JsonProgress(report::ProgressBoard board, const Plan& plan, std::int64_t run) : board_(std::move(board)), run_(run) {
    for (const PlannedTarget& planned : plan.targets) ids_.push_back(planned.target.id);
    told_.resize(ids_.size());
  }
  void journaled(const Event& event) override {
    board_.journaled(event);
    write(report::event_json(event, id_of(event.target)));
  }
  void progressed(int target, const std::string& step, const Progress& progress) override {
    if (target < 1 || target > static_cast<int>(ids_.size())) return;
    WallTime& last = told_[target - 1];
    const bool done = progress.total_bytes > 0 && progress.bytes == progress.total_bytes;
    if (!done && now() - last < std::chrono::seconds(1)) return;
    last = now();
    write(report::progress_json(run_, target, id_of(target), step, progress.bytes, progress.total_bytes, progress.text, last));
  }
  bool watches_progress() const override { return true; }
  int in_flight() const override { return board_.in_flight(); }

 private:
  std::string id_of(int target) const {
    return target < 1 || target > static_cast<int>(ids_.size()) ? "" : ids_[target - 1];
  }
  static void write(const json& line) { write_out(json_text(line, -1) + "\n"); }

  report::ProgressBoard board_;
  std::int64_t run_;
  std::vector<std::string> ids_;
  std::vector<WallTime> told_;
};

}  // namespace

std::unique_ptr<ProgressListener> make_progress(asio::any_io_executor executor, const Output& output, const Plan& plan,
                                                const std::vector<TargetRecord>& records, std::int64_t run) {
  report::ProgressBoard board(plan, records, now());
  if (output.format == Format::jsonl) return std::make_unique<JsonProgress>(std::move(board), plan, run);
  // JSON documents have stdout to themselves.
  const int file = output.text() ? STDOUT_FILENO : STDERR_FILENO;
  const bool terminal = output.text() ? stdout_is_terminal() : stderr_is_terminal();
  const char* kind = std::getenv("TERM");
  const bool can_redraw = terminal && !(kind != nullptr && std::string_view(kind) == "dumb");
  if (can_redraw && !output.quiet && !output.verbose)
    return std::make_unique<TerminalProgress>(executor, file, output.text() ? output.style() : output.error_style(),
                                              std::move(board));
  Output quiet = output;
  quiet.quiet = output.quiet || !output.text();
  return std::make_unique<LineProgress>(quiet, std::move(board), plan);
}

}  // namespace pgconvoy::cli
