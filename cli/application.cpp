#include "cli/application.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/output.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/platform/exec_platform.hpp"
#include "engine/platform/pgbouncer.hpp"
#include "runbooks/registry.hpp"

namespace pgconvoy::cli {

Application::Application(const Seams& seams)
    : sessions_(through(seams.sessions, make_session_factory(pool_))),
      processes_(through(seams.processes, make_process_launcher())),
      provisioners_(through(seams.provisioner, make_shared_server_provisioner())),
      credentials_(*processes_) {
  controllers_.add("none", through(seams.controller, make_none_controller()));
  controllers_.add("local", through(seams.controller, make_local_controller(pool_)));
  controllers_.add("exec", through(seams.controller, make_exec_controller(*processes_, program_log())));
  poolers_.add("exec", through(seams.pooler, make_exec_pooler(*processes_, program_log())));
  poolers_.add("pgbouncer", through(seams.pooler, make_pgbouncer_controller(pool_, *sessions_, credentials_)));
  provisioners_.add_programs([this, seam = seams.provisioner](const Server& server) {
    return through(seam, make_exec_provisioner(*processes_, server, program_log()));
  });
  register_all(operations_, conditions_);
  if (seams.site) seams.site(operations_, conditions_);
}

ProgramLog Application::program_log() const {
  return [this](const std::string& subject, const std::string& line) {
    if (show_programs_) write_error(fmt::format("{} | {}\n", subject, line));
  };
}

Services Application::services() {
  return {pool_, clock_, *sessions_, *processes_, controllers_, provisioners_, poolers_, credentials_};
}

namespace {

Result<std::int64_t> latest_run(Journal& journal, Unnamed unnamed) {
  TRY(const std::vector<RunRecord> runs, journal.runs());
  const RunRecord* latest = nullptr;
  const RunRecord* unfinished = nullptr;
  for (const RunRecord& run : runs) {
    if (!run.started) continue;
    const auto later = [&](const RunRecord* known) { return known == nullptr || *known->started < *run.started; };
    if (later(latest)) latest = &run;
    if ((run.state == RunState::running || run.state == RunState::halted) && later(unfinished)) unfinished = &run;
  }
  if (unnamed == Unnamed::latest_unfinished && unfinished != nullptr) return unfinished->id;
  return latest != nullptr ? Result<std::int64_t>(latest->id) : journal.latest_run();
}

}  // namespace

Result<std::int64_t> find_run(Journal& journal, const std::string& text, Unnamed unnamed) {
  if (text.empty()) return latest_run(journal, unnamed);
  const std::string digits = text[0] == 'r' ? text.substr(1) : text;
  const bool number = !digits.empty() && digits.size() < 18 &&
                      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number)
    return Error(ErrorKind::usage, fmt::format("{} is no run", in_quotes(text)),
                 "a run is r7, or 7, or left out for the latest one; pgconvoy status --all lists the runs");
  const std::int64_t id = std::stoll(digits);
  auto known = journal.run_without_plan(id);
  if (known) return id;
  Error missing = std::move(known).error();
  if (missing.kind == ErrorKind::not_found) missing.remedy = "pgconvoy status --all lists the runs";
  return missing;
}

Result<Plan> load_plan(Journal& journal, const RunRecord& run) {
  Plan plan;
  try {
    plan = plan_from_header(run.plan);
    TRY_VOID(journal.planned_targets(run.id, [&plan](json planned) -> Result<void> {
      plan.targets.push_back(planned.get<PlannedTarget>());
      return {};
    }));
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("the plan of {} can't be read: {}", run.name, failure.what()),
                 "pgconvoy journal verify");
  }
  return plan;
}

}  // namespace pgconvoy::cli
