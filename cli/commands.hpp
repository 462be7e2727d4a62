// Every command, as one explicit list: each function adds one to the command line. cli/run.cpp calls them.
#pragma once

#include "cli/options.hpp"

namespace pgconvoy::cli {

void add_init(CLI::App& app, Invocation& invocation);
void add_fleet_commands(CLI::App& app, Invocation& invocation);
void add_runbook_commands(CLI::App& app, Invocation& invocation);
void add_doctor(CLI::App& app, Invocation& invocation);
void add_check(CLI::App& app, Invocation& invocation);
void add_parity(CLI::App& app, Invocation& invocation);
void add_scan(CLI::App& app, Invocation& invocation);
void add_plan(CLI::App& app, Invocation& invocation);
void add_rehearse(CLI::App& app, Invocation& invocation);
void add_run(CLI::App& app, Invocation& invocation);
void add_worker(CLI::App& app, Invocation& invocation);
void add_resume(CLI::App& app, Invocation& invocation);
void add_pause(CLI::App& app, Invocation& invocation);
void add_cancel(CLI::App& app, Invocation& invocation);
void add_approve(CLI::App& app, Invocation& invocation);
void add_set(CLI::App& app, Invocation& invocation);
void add_skip(CLI::App& app, Invocation& invocation);
void add_retry(CLI::App& app, Invocation& invocation);
void add_rollback(CLI::App& app, Invocation& invocation);
void add_resolve(CLI::App& app, Invocation& invocation);
void add_accept(CLI::App& app, Invocation& invocation);
void add_status(CLI::App& app, Invocation& invocation);
void add_report(CLI::App& app, Invocation& invocation);
void add_metrics(CLI::App& app, Invocation& invocation);
void add_watch(CLI::App& app, Invocation& invocation);
void add_logs(CLI::App& app, Invocation& invocation);
void add_events(CLI::App& app, Invocation& invocation);
void add_backups(CLI::App& app, Invocation& invocation);
void add_cleanup(CLI::App& app, Invocation& invocation);
void add_notices(CLI::App& app, Invocation& invocation);
void add_schedule(CLI::App& app, Invocation& invocation);
void add_serve(CLI::App& app, Invocation& invocation);
void add_journal(CLI::App& app, Invocation& invocation);

// completion and man: of all that were added before.
void add_completion(CLI::App& app, Invocation& invocation);

}  // namespace pgconvoy::cli
