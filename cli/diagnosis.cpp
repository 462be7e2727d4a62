#include "cli/diagnosis.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "cli/planning.hpp"
#include "engine/core/bytes.hpp"
#include "engine/facts/gather.hpp"
#include "engine/facts/trial_scratch.hpp"
#include "engine/fleet/service.hpp"
#include "engine/journal/postgres_address.hpp"
#include "engine/postgres/client_program.hpp"
#include "operations/rehearsal.hpp"

namespace pgconvoy::cli {
namespace {

using Verdict = Diagnosis::Verdict;

// What processes that were killed have left on a server.
struct Leftovers {
  std::vector<std::string> trials;
  std::vector<RehearsalLeftover> rehearsals;
};

Task<Result<ServerFacts>> read_server(Services services, Server server, Leftovers& leftovers) {
  CO_TRY(ConnectionSpec connection, co_await services.credentials.administrator(server));
  SessionOptions options;
  options.application_name = "pgconvoy/doctor";
  auto opened = co_await services.sessions.open(std::move(connection), std::move(options));
  if (!opened) co_return with_ways_to_log_in(std::move(opened).error(), server.id);
  SessionPtr session = *std::move(opened);
  auto facts = co_await gather_server(*session, server.id);
  if (facts) {
    auto left = co_await trial_leftovers(*session);
    if (left) leftovers.trials = *std::move(left);
    auto rehearsed = co_await rehearsal_leftovers(*session);
    if (rehearsed) leftovers.rehearsals = *std::move(rehearsed);
  }
  session->close();
  co_return facts;
}

Diagnosis judge_server(const Server& server, const Result<ServerFacts>& facts) {
  Diagnosis diagnosis;
  diagnosis.what = "server " + server.id;
  diagnosis.verdict = Verdict::bad;
  if (!facts) {
    diagnosis.detail = facts.error().message;
    diagnosis.remedy = facts.error().remedy;
    return diagnosis;
  }
  const int major = facts->version_number / 10000, wanted = major_of_service(server.service);
  diagnosis.detail = fmt::format("PostgreSQL {}", facts->version);
  if (wanted != 0 && wanted != major) {
    diagnosis.detail += fmt::format(", but the fleet says {}", server.service);
    diagnosis.remedy = "mend service or url in the fleet file";
  } else if (facts->in_recovery) {
    diagnosis.detail += ", a standby: nothing can be changed on it";
    diagnosis.remedy = "name the primary in the fleet file";
  } else if (facts->superuser) {
    diagnosis.verdict = Verdict::good;
    diagnosis.detail += ", superuser";
  } else if (facts->can_create_database && facts->can_create_role) {
    diagnosis.verdict = Verdict::warning;
    diagnosis.detail += ", no superuser: password verifiers can't be read, owners' databases not renamed";
    diagnosis.remedy = "use a superuser, or make the administrator a member of every owner; pgconvoy check says what is missing";
  } else {
    diagnosis.detail += ", no superuser, and without CREATEDB and CREATEROLE";
    diagnosis.remedy = "use a superuser in the server's url";
  }
  return diagnosis;
}

// What a trial that was killed left on the server is in nobody's way, but it is somebody's schema.
void judge_trials(Diagnosis& diagnosis, const std::vector<std::string>& leftovers) {
  if (leftovers.empty() || diagnosis.verdict == Verdict::bad) return;
  diagnosis.verdict = Verdict::warning;
  diagnosis.detail += fmt::format("; a killed check --trial left {}{}", leftovers.front(),
                                  leftovers.size() == 1 ? "" : fmt::format(" and {} more", leftovers.size() - 1));
  diagnosis.remedy = fmt::format("the next pgconvoy check --trial that leads to this server removes it; or in psql there: DROP DATABASE IF EXISTS {0}; DROP ROLE IF EXISTS {0}",
                                 leftovers.front());
}

// A whole copy of somebody's database, with roles that can log in.
void judge_rehearsals(Diagnosis& diagnosis, const std::vector<RehearsalLeftover>& leftovers) {
  if (leftovers.empty() || diagnosis.verdict == Verdict::bad) return;
  diagnosis.verdict = Verdict::warning;
  const RehearsalLeftover& first = leftovers.front();
  diagnosis.detail += fmt::format("; an interrupted rehearsal left {}{} ({})", first.database,
                                  leftovers.size() == 1 ? "" : fmt::format(" and {} more", leftovers.size() - 1), first.comment);
  const std::string remedy = fmt::format("with the journal of that rehearsal: pgconvoy resume goes on, pgconvoy rollback or the next pgconvoy rehearse removes it, "
                                         "with its roles and backup; without: DROP DATABASE {}", first.database);
  diagnosis.remedy += (diagnosis.remedy.empty() ? "" : "; ") + remedy;
}

// The directory, or what it would be made in.
std::filesystem::path nearest_existing(std::filesystem::path path) {
  std::error_code ignored;
  while (!path.empty() && !std::filesystem::exists(path, ignored) && path != path.parent_path()) path = path.parent_path();
  return path.empty() ? std::filesystem::path(".") : path;
}

}  // namespace

Task<std::vector<Diagnosis>> diagnose_servers(Services services, Fleet fleet) {
  std::vector<Diagnosis> result;
  for (const auto& [id, server] : fleet.servers) {
    Leftovers leftovers;
    auto facts = co_await read_server(services, server, leftovers);
    result.push_back(judge_server(server, facts));
    judge_trials(result.back(), leftovers.trials);
    judge_rehearsals(result.back(), leftovers.rehearsals);
  }
  co_return result;
}

int highest_major(const Fleet& fleet) {
  int highest = 0;
  for (const auto& [id, server] : fleet.servers) highest = std::max(highest, major_of_service(server.service));
  return highest;
}

Task<std::vector<Diagnosis>> diagnose_programs(ProcessLauncher& launcher, int major) {
  std::vector<Diagnosis> result;
  if (major == 0) co_return result;
  for (const char* name : {"pg_dump", "pg_restore"}) {
    Diagnosis diagnosis;
    diagnosis.what = fmt::format("program {}", name);
    auto program = co_await find_client_program(launcher, name, major);
    if (program) {
      diagnosis.detail = fmt::format("{} ({})", program->version, program->path.string());
    } else {
      diagnosis.verdict = Verdict::bad;
      diagnosis.detail = program.error().message;
      diagnosis.remedy = program.error().remedy;
    }
    result.push_back(std::move(diagnosis));
  }
  co_return result;
}

Diagnosis diagnose_backup_directory(const std::string& directory) {
  Diagnosis diagnosis;
  diagnosis.what = "backup directory";
  const std::filesystem::path there = nearest_existing(directory);
  std::error_code problem;
  const auto space = std::filesystem::space(there, problem);
  const bool writable = std::filesystem::is_directory(there, problem) && ::access(there.c_str(), W_OK | X_OK) == 0;
  diagnosis.detail = writable ? fmt::format("{}: {} free{}", directory, format_bytes({static_cast<std::int64_t>(space.available)}),
                                            there == std::filesystem::path(directory) ? "" : ", will be made")
                              : fmt::format("{} can't be written to", there.string());
  // Also what /proc and its like say: they look writable to root, and no directory can be made there.
  const bool full = writable && (problem || space.available == 0);
  if (full) diagnosis.detail = fmt::format("{}: no space is free{}", directory,
                                           there == std::filesystem::path(directory) ? "" : fmt::format(" in {}, where it would be made", there.string()));
  if (!writable || full) {
    diagnosis.verdict = Verdict::bad;
    diagnosis.remedy = "--backup-directory DIR, or PGCONVOY_BACKUP_DIRECTORY";
  }
  return diagnosis;
}

Diagnosis diagnose_journal(const GlobalOptions& globals) {
  Diagnosis diagnosis;
  diagnosis.what = "journal";
  const bool in_a_server = is_postgres_journal(globals.journal_uri());
  auto journal = open_journal(globals, OpenMode::read_only);
  // What was refused may hold a password.
  if (journal || !in_a_server) diagnosis.detail = globals.journal_uri();
  if (journal) return diagnosis;
  if (journal.error().kind == ErrorKind::not_found && in_a_server) {
    diagnosis.detail = journal.error().message + " yet; the first pgconvoy plan or pgconvoy run makes it";
    return diagnosis;
  }
  if (journal.error().kind == ErrorKind::not_found) {
    std::string path = globals.journal_uri();
    if (path.starts_with("sqlite:")) path = path.substr(7);
    std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (folder.empty()) folder = ".";
    if (::access(folder.c_str(), W_OK | X_OK) == 0) {
      diagnosis.detail += ": isn't there yet; the first pgconvoy plan or pgconvoy run makes it";
      return diagnosis;
    }
  }
  diagnosis.verdict = Verdict::bad;
  diagnosis.detail = journal.error().message;
  diagnosis.remedy = journal.error().kind == ErrorKind::not_found
                         ? "--journal URI or PGCONVOY_JOURNAL, in a directory that exists and can be written to"
                         : journal.error().remedy;
  return diagnosis;
}

}  // namespace pgconvoy::cli
