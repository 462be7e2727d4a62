#include "cli/run_alive.hpp"

#include "engine/journal/shared_journal.hpp"

namespace pgconvoy::cli {
namespace {

// Of a file, taking the lock for a moment is the only way to know.
bool is_held(Journal& journal, std::int64_t run) {
  if (SharedJournal* const in_common = shared(journal)) {
    const auto members = in_common->members(run);
    return !members || *members > 0;
  }
  return !journal.lock_run(run);
}

}  // namespace

bool is_alive(const GlobalOptions& globals, std::int64_t run) {
  auto journal = open_journal(globals, OpenMode::read_write);
  return !journal || is_held(**journal, run);
}

bool is_alive(const GlobalOptions& globals, Journal& opened, std::int64_t run) {
  return shared(opened) != nullptr ? is_held(opened, run) : is_alive(globals, run);
}

}  // namespace pgconvoy::cli
