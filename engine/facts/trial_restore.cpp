#include "engine/facts/trial_restore.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "engine/core/printable.hpp"
#include "engine/facts/trial_scratch.hpp"
#include "engine/postgres/archive_list.hpp"
#include "engine/postgres/client_program.hpp"

namespace pgconvoy {
namespace {

constexpr double kUsualLimit = 300;

// Holds the dump: it has no name, and goes with the last process that has it open.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("pgconvoy-trial", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  bool good() const { return descriptor_ >= 0; }
  std::string path() const { return fmt::format("/proc/{}/fd/{}", getpid(), descriptor_); }

 private:
  int descriptor_;
};

struct Portion {
  bool as_tenant = false;
  std::string lines;
};

// The order of the restore; privileges, users' mappings and subscriptions are left out, and there are no data.
std::vector<Portion> portions_of(const std::vector<ArchiveEntry>& entries, TrialFacts& trial) {
  std::vector<Portion> portions;
  const auto add = [&](std::vector<Pass> passes, bool tenant) {
    for (const ArchiveEntry& entry : entries) {
      if (std::find(passes.begin(), passes.end(), entry.pass) == passes.end()) continue;
      if (entry.type.starts_with("DEFAULT ACL") || entry.line.find(" USER MAPPING ") != std::string::npos) continue;
      if (entry.type.starts_with("SUBSCRIPTION")) {
        trial.left_out.push_back("subscriptions");
        continue;
      }
      const bool as_tenant = tenant || entry.pass == Pass::define_as_tenant;
      if (portions.empty() || portions.back().as_tenant != as_tenant) portions.push_back({as_tenant, ""});
      portions.back().lines += entry.line + "\n";
    }
  };
  add({Pass::define, Pass::define_as_tenant}, false);
  for (const Pass pass : {Pass::attach, Pass::load, Pass::attach_indexes, Pass::link}) add({pass}, true);
  add({Pass::finish}, false);
  add({Pass::last}, false);
  return portions;
}

// The programs of one trial, all under one deadline.
class Programs {
 public:
  Programs(const InquiryContext& context, Seconds limit)
      : context_(context), deadline_(std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit)) {}

  Task<Result<ProcessResult>> call(std::string name, std::vector<std::string> arguments, std::optional<ConnectionSpec> connection,
                                   std::string input) {
    CO_TRY(const ClientProgram program, co_await find_client_program(context_.processes, std::move(name), context_.target_server().version_number / 10000));
    const Seconds left = deadline_ - std::chrono::steady_clock::now();
    if (left <= Seconds(0)) co_return Error(ErrorKind::timeout, "the limit of the trial is over");
    ProcessSpec spec;
    spec.argv.push_back(program.path.string());
    if (connection) {
      connection->keywords["application_name"] = "pgconvoy/trial";
      // What is left of it ends with the limit even when we are gone.
      connection->keywords["options"] = "";
      const auto limit = fmt::format("-c statement_timeout={}", static_cast<long>(left.count() * 1000) + 1);
      ChildEnvironment environment = environment_for_child(with_server_options(*std::move(connection), limit), program.major);
      spec.argv.push_back("--dbname=" + environment.conninfo);
      spec.secrets = std::move(environment.secrets);
    }
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.environment["LC_ALL"] = "C";  // its words are read
    spec.input = std::move(input);
    spec.limit = left;
    spec.keep_output = 16 << 20;
    co_return co_await context_.processes.run(std::move(spec));
  }

 private:
  const InquiryContext& context_;
  std::chrono::steady_clock::time_point deadline_;
};

Task<Result<std::string>> output_of(Programs& programs, std::string name, std::vector<std::string> arguments, std::optional<ConnectionSpec> connection) {
  const std::string called = name;
  CO_TRY(ProcessResult result, co_await programs.call(std::move(name), std::move(arguments), std::move(connection), std::string()));
  if (result.exit_code != 0)
    co_return Error(ErrorKind::process, fmt::format("{} ended with exit code {}: {}", called, result.exit_code, last_lines(result.errors, 1)));
  co_return std::move(result.output);
}

Task<Result<void>> restore_into(const InquiryContext& context, Scratch scratch, Seconds limit, TrialFacts& trial) {
  Programs programs(context, limit);
  const MemoryFile archive;
  if (!archive.good()) co_return Error(ErrorKind::io, "no memory for the dump of the schema");
  CO_TRY(const ConnectionSpec source, co_await context.source_connection(context.database().database));
  std::vector<std::string> dumping{"--schema-only", "--format=custom", "--lock-wait-timeout=5000", "--no-password", "--file=" + archive.path()};
  std::optional<ConnectionSpec> from = source, nowhere;
  CO_TRY_VOID(co_await output_of(programs, "pg_dump", std::move(dumping), std::move(from)));
  std::vector<std::string> listing{"--list", archive.path()};
  CO_TRY(const std::string list, co_await output_of(programs, "pg_restore", std::move(listing), std::move(nowhere)));
  // All of it belongs to the scratch role here, also what is a superuser's: nothing is evaluated by the administrator.
  std::set<std::string> roles;
  for (const auto& [name, role] : context.source().roles) roles.insert(name);
  const std::set<std::string> no_superusers;
  const auto& evaluating = context.database().evaluating_tables;
  const auto entries = split_archive_list(list, roles, no_superusers, {evaluating.begin(), evaluating.end()});

  CO_TRY(const ConnectionSpec administrator, co_await context.target_connection(scratch.name));
  const ConnectionSpec tenant = administrator.with_user(scratch.name, scratch.password);
  SessionOptions options;
  options.application_name = "pgconvoy/trial";
  options.statement_limit = limit;
  CO_TRY(SessionPtr inside, co_await context.open_target(scratch.name, std::move(options)));
  for (const Portion& portion : portions_of(entries, trial)) {
    if (portion.as_tenant) CO_TRY_VOID(co_await hand_over(*inside, scratch.name));
    std::vector<std::string> restoring{"--verbose", "--no-owner", "--no-privileges", "--no-password", "--use-list=/dev/stdin", archive.path()};
    std::optional<ConnectionSpec> connection = portion.as_tenant ? tenant : administrator;
    CO_TRY(const ProcessResult result, co_await programs.call("pg_restore", std::move(restoring), std::move(connection), portion.lines));
    const std::size_t before = trial.errors.size() + trial.left_out.size() + static_cast<std::size_t>(trial.consequences + trial.more);
    read_trial_errors(trial, result.errors, list, {roles.begin(), roles.end()});
    const std::size_t after = trial.errors.size() + trial.left_out.size() + static_cast<std::size_t>(trial.consequences + trial.more);
    if (result.exit_code != 0 && before == after)
      co_return Error(ErrorKind::process, fmt::format("pg_restore ended with exit code {}: {}", result.exit_code, last_lines(result.errors, 1)));
  }
  co_return Result<void>();
}

Task<Result<void>> remove_whatever_came(const InquiryContext& context, Session& maintenance, std::string name) {
  auto removed = co_await remove_scratch(maintenance, name);
  if (removed || maintenance.usable()) co_return removed;
  SessionOptions options;
  options.application_name = "pgconvoy/trial";
  CO_TRY(SessionPtr again, co_await context.open_target("", std::move(options)));
  co_return co_await remove_scratch(*again, std::move(name));
}

}  // namespace

Task<Result<json>> read_trial(const InquiryContext& context) {
  const auto begin = std::chrono::steady_clock::now();
  if (!context.target_server().reachable) co_return Error(ErrorKind::unreachable, context.target_server().unreachable_because);
  const Seconds limit{context.arguments.value("limit", kUsualLimit)};
  TrialFacts trial;
  SessionOptions options;
  options.application_name = "pgconvoy/trial";
  options.statement_limit = std::max(limit, Seconds(60));
  CO_TRY(SessionPtr maintenance, co_await context.open_target("", std::move(options)));
  CO_TRY_VOID(co_await remove_trial_leftovers(*maintenance));
  Scratch scratch = name_scratch();
  trial.server = context.target_server().server;
  trial.database = scratch.name;
  auto tried = co_await make_scratch(*maintenance, scratch, context.database());
  if (tried) tried = co_await restore_into(context, scratch, limit, trial);
  auto removed = co_await remove_whatever_came(context, *maintenance, scratch.name);
  if (!removed) trial.left_behind = removed.error().message;
  if (!tried && tried.error().kind == ErrorKind::cancelled) co_return tried.error();
  if (!tried) trial.unfinished_because = printable(tried.error().message);
  trial.seconds = Seconds(std::chrono::steady_clock::now() - begin).count();
  co_return json(trial);
}

}  // namespace pgconvoy
