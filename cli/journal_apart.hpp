// A journal must not live on a server that the run moves databases from or to.
#pragma once

#include "cli/application.hpp"
#include "cli/options.hpp"
#include "engine/plan/plan.hpp"

namespace pgconvoy::cli {

// Before the journal is made. Error refused, with the server. Nothing to say of a journal in a file. A server that can't be
// asked is not said to be another one: it gets a warning on stderr.
Result<void> check_journal_is_apart(Application& application, const GlobalOptions& globals, const Plan& plan);

}  // namespace pgconvoy::cli
