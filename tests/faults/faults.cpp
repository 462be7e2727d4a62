#include "tests/faults/faults.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <regex>

#include "engine/core/printable.hpp"

namespace pgconvoy::faults {

Result<std::vector<Fault>> parse_faults(const std::string& text) {
  static const std::map<std::string, Act> acts{{"exit-before", Act::exit_before},
                                               {"exit-after", Act::exit_after},
                                               {"exit-during", Act::exit_during},
                                               {"refuse", Act::refuse},
                                               {"lose", Act::lose}};
  static const std::regex form("([a-z-]+)@([0-9]{1,6})(\\*?)");
  std::vector<Fault> faults;
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string one = text.substr(from, comma - from);
    from = comma + 1;
    std::smatch parts;
    if (!std::regex_match(one, parts, form) || !acts.contains(parts[1]))
      return Error(ErrorKind::usage, fmt::format("{} is no fault", one));
    faults.push_back({acts.at(parts[1]), std::stoi(parts[2]), parts[3].length() > 0, {}});
  }
  return faults;
}

void end_process() { _exit(kExitCode); }

Act Faults::at(const std::string& kind, const std::string& what) {
  const std::lock_guard guard(mutex_);
  ++count_;
  if (!log_.empty()) {
    const std::string line = fmt::format("{} {} {}\n", count_, kind, shortened(printable(what), 160));
    const int file = open(log_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) end_process();
    close(file);
  }
  for (Fault& fault : planned_) {
    if (fault.at == count_) fault.effect = kind + " " + what;
    if (fault.at == count_ || (fault.ever_after && count_ > fault.at && fault.effect == kind + " " + what)) return fault.act;
  }
  return Act::none;
}

Error refused(const std::string& what) {
  Error error(ErrorKind::unreachable, "refused by a test: " + what);
  error.retryable = true;
  return error;
}

Error lost(const std::string& what) {
  Error error(ErrorKind::unreachable, "answer lost by a test: " + what);
  error.outcome_unknown = true;
  error.poisons_session = true;
  return error;
}

bool changes_something(const std::string& sql) {
  static const std::regex words(
      "\\b(create|alter|drop|grant|revoke|comment on|insert|update|delete|reassign|analyze|vacuum|checkpoint|"
      "pg_terminate_backend|pg_try_advisory_lock|pg_drop_replication_slot|setval|pause|resume|kill|reconnect|reload|"
      "disable|enable)\\b",
      std::regex::icase);
  // Catalogue queries hold some of the words in names and literals; what only reads begins with these.
  static const std::regex reads("^\\s*(select|show|with|values|copy)\\b", std::regex::icase);
  static const std::regex functions(
      "\\b(pg_terminate_backend|pg_try_advisory_lock|pg_drop_replication_slot|setval)\\b", std::regex::icase);
  return std::regex_search(sql, std::regex_search(sql, reads) ? functions : words);
}

}  // namespace pgconvoy::faults
