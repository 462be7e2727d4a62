#include "cli/run_alive.hpp"

#include "engine/journal/shared_journal.hpp"

namespace pgconvoy::cli {

bool is_alive(const GlobalOptions& globals, Journal& opened, std::int64_t run) {
  if (SharedJournal* const in_common = shared(opened)) {
    const auto members = in_common->members(run);
    return !members || *members > 0;
  }
  auto journal = open_journal(globals, OpenMode::read_write);
  return !journal || !(*journal)->lock_run(run);
}

}  // namespace pgconvoy::cli
