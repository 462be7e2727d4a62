// Where a command writes and how: format, colour, how much.
#pragma once

#include <string>
#include <string_view>

#include "cli/exit_code.hpp"
#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::cli {

enum class Format { text, json, jsonl };

struct Output {
  Format format = Format::text;
  std::string color = "auto";  // auto | always | never
  bool quiet = false, verbose = false;

  bool text() const { return format == Format::text; }
  report::Style style() const;         // of stdout
  report::Style error_style() const;   // of stderr
};

bool stdout_is_terminal();
bool stderr_is_terminal();
bool stdin_is_terminal();
// Columns and lines of the terminal behind `file`; 80x24 when it is none or doesn't say.
struct TerminalSize {
  int columns = 80, lines = 24;
};
TerminalSize terminal_size(int file);

// While a run goes on these don't wait for the reader (cli/patient_output).
// All of the text, or nothing more once the reader has gone (a closed pipe is no error of ours).
void write_out(std::string_view text);
void write_error(std::string_view text);
// A document: indented for json, one line for jsonl.
void write_json(const Output& output, const json& document);

// "pgconvoy: what failed (server eu)", and below it what to type next.
void print_error(const Output& output, const Error& error);
// The same, and the exit code to end with.
int fail(const Output& output, const Error& error);

}  // namespace pgconvoy::cli
