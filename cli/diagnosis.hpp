// Whether everything is there that a night's run needs: programs, servers with their versions and rights, the backup
// directory, the journal. Reads only.
#pragma once

#include <string>
#include <vector>

#include "cli/application.hpp"
#include "cli/options.hpp"

namespace pgconvoy::cli {

struct Diagnosis {
  enum class Verdict { good, warning, bad } verdict = Verdict::good;
  std::string what;    // "server eu-pg13"
  std::string detail;  // "PostgreSQL 13.23, superuser"
  std::string remedy;
};

Task<std::vector<Diagnosis>> diagnose_servers(Services services, Fleet fleet);

// pg_dump and pg_restore of that major version. 0: not known, nothing is asked.
Task<std::vector<Diagnosis>> diagnose_programs(ProcessLauncher& launcher, int major);

// The version that databases are moved to: the highest number at the end of a service.
int highest_major(const Fleet& fleet);

Diagnosis diagnose_backup_directory(const std::string& directory);
Diagnosis diagnose_journal(const GlobalOptions& globals);

}  // namespace pgconvoy::cli
