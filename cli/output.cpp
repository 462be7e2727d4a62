#include "cli/output.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/json_text.hpp"
#include "cli/patient_output.hpp"

namespace pgconvoy::cli {
namespace {

// https://no-color.org: set and not empty.
bool color_wanted(const std::string& wish, int file) {
  if (wish == "always") return true;
  if (wish == "never") return false;
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* terminal = std::getenv("TERM");
  if (terminal != nullptr && std::string_view(terminal) == "dumb") return false;
  return isatty(file) != 0;
}

void write_all(int file, std::string_view text) {
  if (!PatientOutput::take(file, text)) write_now(file, text);
}

}  // namespace

report::Style Output::style() const { return {text() && color_wanted(color, STDOUT_FILENO)}; }
report::Style Output::error_style() const { return {color_wanted(color, STDERR_FILENO)}; }

bool stdout_is_terminal() { return isatty(STDOUT_FILENO) != 0; }
bool stderr_is_terminal() { return isatty(STDERR_FILENO) != 0; }
bool stdin_is_terminal() { return isatty(STDIN_FILENO) != 0; }

TerminalSize terminal_size(int file) {
  TerminalSize size;
  winsize window{};
  if (ioctl(file, TIOCGWINSZ, &window) != 0) return size;
  if (window.ws_col > 0) size.columns = window.ws_col;
  if (window.ws_row > 0) size.lines = window.ws_row;
  return size;
}

void write_out(std::string_view text) { write_all(STDOUT_FILENO, text); }
void write_error(std::string_view text) { write_all(STDERR_FILENO, text); }

void write_json(const Output& output, const json& document) {
  const int indent = output.format == Format::jsonl ? -1 : 2;
  write_out(json_text(document, indent) + "\n");
}

void print_error(const Output& output, const Error& error) {
  const report::Style style = output.error_style();
  std::string text = fmt::format("{} {}", style.bad("pgconvoy:"), error.message);
  if (!error.server.empty()) text += fmt::format(" (server {})", error.server);
  if (!error.sqlstate.empty()) text += fmt::format(" [SQLSTATE {}]", error.sqlstate);
  text += "\n";
  if (!error.remedy.empty()) text += fmt::format("  {} {}\n", style.bold("next:"), error.remedy);
  write_error(text);
}

int fail(const Output& output, const Error& error) {
  print_error(output, error);
  return exit_code_of(error);
}

}  // namespace pgconvoy::cli
