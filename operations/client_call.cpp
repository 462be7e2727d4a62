#include "operations/client_call.hpp"

#include <fmt/format.h>

#include <map>

#include "engine/postgres/client_program.hpp"

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

}  // namespace

Task<Result<std::string>> call_client(StepContext& context, ClientCall call) {
  CO_TRY(const ClientProgram program, co_await find(context.services.processes, call.program, call.major));
  ProcessSpec spec;
  spec.argv.push_back(program.path.string());
  if (call.connects) {
    ConnectionSpec connection = call.connection;
    connection.keywords["application_name"] = context.application_name();
    if (!call.server_options.empty()) connection.keywords["options"] = call.server_options;
    ChildEnvironment environment = environment_for_child(connection);
    spec.argv.push_back("--dbname=" + environment.conninfo);
    spec.secrets = std::move(environment.secrets);
  }
  spec.argv.insert(spec.argv.end(), call.arguments.begin(), call.arguments.end());
  spec.keep_output = 16 << 20;  // a list of contents is the longest output, about 100 bytes an object
  CO_TRY(const ProcessResult result, co_await context.services.processes.run(std::move(spec)));
  if (result.exit_code == 0) co_return result.output;
  Error error(ErrorKind::process, fmt::format("{} ended with exit code {}: {}", call.program, result.exit_code,
                                              last_lines(result.errors)));
  if (call.connects) error.server = call.connection.server;
  co_return error;
}

}  // namespace pgconvoy
