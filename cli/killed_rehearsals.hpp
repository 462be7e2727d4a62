// What rehearsals whose process was killed have left, by the journal that they were kept in.
#pragma once

#include "cli/application.hpp"
#include "cli/options.hpp"

namespace pgconvoy::cli {

// Takes back the targets of every rehearsal in the journal that are under way and that no process is at work on: their scratch
// databases, roles and backups go. Says so on stderr, also what could not be removed. Errors are the journal's.
Result<void> remove_killed_rehearsals(Application& application, const GlobalOptions& globals, Journal& journal);

}  // namespace pgconvoy::cli
