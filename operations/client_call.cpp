#include "operations/client_call.hpp"

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/postgres/client_program.hpp"
#include "engine/postgres/statement_mask.hpp"

namespace pgconvoy {
namespace {

// Asked for once per program and version in the life of a process; only the loop's thread comes here.
std::map<std::pair<std::string, int>, ClientProgram>& known_programs() {
  static std::map<std::pair<std::string, int>, ClientProgram> known;
  return known;
}

Task<Result<ClientProgram>> find(ProcessLauncher& launcher, std::string name, int major) {
  const auto key = std::make_pair(name, major);
  auto found = known_programs().find(key);
  if (found != known_programs().end()) co_return found->second;
  CO_TRY(ClientProgram program, co_await find_client_program(launcher, name, major));
  known_programs()[key] = program;
  co_return program;
}

Task<bool> watch(std::function<void(int)> look, std::shared_ptr<int> pid) {
  constexpr Seconds kRhythm{0.5};
  for (;;) {
    co_await sleep_for(look ? kRhythm : Seconds(std::chrono::hours(24)));
    if (look && *pid > 0) look(*pid);
  }
}

// Where the statement begins in a line of a program's stderr; npos where none does.
std::size_t statement_in(const std::string& line) {
  for (const std::string_view told : {"Command was:", "Query was:"})
    if (const auto found = line.find(told); found != std::string::npos) return found + told.size();
  return std::string::npos;
}

// Statements and rows may hold what must not be journaled (OPTIONS (password '...'), a line of COPY).
std::string without_statements(const std::string& text) {
  std::string kept, hints, command;
  std::istringstream lines(text);
  bool skipping = false, in_command = false, in_hint = false;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t statement = statement_in(line);
    const bool begins_command = statement != std::string::npos;
    if (begins_command || line.starts_with("CONTEXT:") || line.starts_with("DETAIL:") || line.starts_with("STATEMENT:") ||
        line.starts_with("QUERY:")) {
      skipping = true;
      in_command = begins_command;
    } else if (line.starts_with("pg_") || line.starts_with("HINT:")) {
      skipping = false;
      in_hint = line.starts_with("HINT:");
    }
    if (!skipping) (in_hint ? hints : kept) += line + "\n";
    if (skipping && in_command) command += (begins_command ? line.substr(statement) : line) + "\n";
  }
  // A message may quote what it complains of, a hint too, and that in any form.
  const MaskedStatement masked = masked_statement(command);
  return masked.secrets.empty() ? kept + hints : masked.without_secrets(std::move(kept));
}

// The programs lift time limits themselves, but only with a statement that comes after others: under a database's own statement_timeout
// (ALTER DATABASE ... SET) it depends on the server's load whether it gets that far.
constexpr const char* kWithoutLimits = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c client_min_messages=warning";

// Does that server look now and then whether its clients are still there? A backend that builds an index or waits for a lock
// doesn't notice that its program is gone, and goes on for hours. Our own session has asked for it, where server and
// operating system can.
Task<bool> looks_whether_clients_are_there(StepContext& context, std::string server) {
  auto maintenance = co_await context.maintenance(std::move(server));
  if (!maintenance) co_return false;
  auto set = co_await (*maintenance)->query("select coalesce(current_setting('client_connection_check_interval', true), '0') <> '0'");
  co_return set && set->truth(0, 0);
}

}  // namespace

std::int64_t bytes_read_of(int pid, const std::string& file) {
  namespace fs = std::filesystem;
  std::int64_t most = 0;
  std::error_code problem;
  const fs::path process = fmt::format("/proc/{}", pid);
  for (fs::directory_iterator entry(process / "fd", problem), end; !problem && entry != end; entry.increment(problem)) {
    std::error_code unreadable;
    if (fs::read_symlink(entry->path(), unreadable) != file || unreadable) continue;
    std::ifstream info(process / "fdinfo" / entry->path().filename());
    std::string word;
    std::int64_t position = 0;
    if (info >> word >> position && word == "pos:") most = std::max(most, position);
  }
  return most;
}

void spend(StepContext& context, Seconds spent) {
  // Never nothing: a call that comes now shall end with the message of max_pause.
  if (context.time_left) context.time_left = std::max(*context.time_left - spent, Seconds(0.01));
}

Task<Result<std::string>> call_client(StepContext& context, ClientCall call) {
  using namespace asio::experimental::awaitable_operators;
  CO_TRY(const ClientProgram program, co_await find(context.services.processes, call.program, call.major));
  ProcessSpec spec;
  spec.argv.push_back(program.path.string());
  if (call.connects) {
    ConnectionSpec connection = call.connection;
    connection.keywords["application_name"] = context.application_name();
    std::string options = kWithoutLimits;
    if (!call.server_options.empty()) options += ' ' + call.server_options;
    const bool looks = co_await looks_whether_clients_are_there(context, connection.server);
    if (looks) options += " -c client_connection_check_interval=1s";
    ChildEnvironment environment = environment_for_child(with_server_options(std::move(connection), options), program.major);
    spec.argv.push_back("--dbname=" + environment.conninfo);
    spec.secrets = std::move(environment.secrets);
  }
  spec.argv.insert(spec.argv.end(), call.arguments.begin(), call.arguments.end());
  spec.keep_output = 16 << 20;  // a list of contents is the longest output, about 100 bytes an object
  auto pid = std::make_shared<int>(0);
  spec.output_file = call.output_file;
  spec.started = [pid, told = std::move(call.started)](int started) {
    *pid = started;
    if (told) told();
  };
  spec.limit = context.time_left;
  const auto began = std::chrono::steady_clock::now();
  auto running = context.services.processes.run(std::move(spec));
  auto watching = watch(std::move(call.look), pid);
  auto first = co_await (std::move(running) || std::move(watching));
  auto& ended = std::get<0>(first);  // the watch has no end of its own
  const bool pause_ends = context.time_left.has_value();
  spend(context, std::chrono::steady_clock::now() - began);
  if (!ended && ended.error().kind == ErrorKind::timeout && pause_ends)
    co_return Error(ErrorKind::timeout, fmt::format("{} was stopped because the pause would last longer than max_pause",
                                                    call.program));
  if (!ended) co_return std::move(ended).error();
  const ProcessResult& result = *ended;
  if (result.exit_code == 0) co_return result.output;
  Error error(ErrorKind::process, fmt::format("{} ended with exit code {}: {}", call.program, result.exit_code,
                                              last_lines(without_statements(result.errors))));
  if (call.connects) error.server = call.connection.server;
  co_return error;
}

}  // namespace pgconvoy
