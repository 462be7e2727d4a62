#include "engine/facts/parity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace pgconvoy {
namespace {

// What belongs to one host, to its operating system, to its place in replication, or is found out by the server itself.
const std::set<std::string_view> kNotComparable = {
    "application_name", "archive_command", "archive_library", "archive_cleanup_command", "bonjour_name", "client_encoding",
    "cluster_name", "config_file", "data_directory", "data_sync_retry", "dynamic_library_path", "event_source",
    "external_pid_file", "hba_file", "hot_standby_feedback", "ident_file", "jit_provider", "krb_server_keyfile",
    "listen_addresses", "log_directory", "log_filename", "port", "primary_conninfo", "primary_slot_name",
    "promote_trigger_file", "recovery_end_command", "recovery_target", "recovery_target_action",
    "recovery_target_inclusive", "recovery_target_lsn", "recovery_target_name", "recovery_target_time",
    "recovery_target_timeline", "recovery_target_xid", "restore_command", "server_encoding", "ssl_ca_file",
    "ssl_cert_file", "ssl_crl_dir", "ssl_crl_file", "ssl_dh_params_file", "ssl_key_file", "stats_temp_directory",
    "synchronous_standby_names", "syslog_ident", "temp_tablespaces", "transaction_deferrable", "transaction_isolation",
    "transaction_read_only", "unix_socket_directories", "unix_socket_group", "lc_collate", "lc_ctype", "wal_segment_size",
    "session_authorization", "role", "is_superuser", "seed", "in_hot_standby"};

struct Unit {
  std::string_view name;
  double factor;     // bytes, or milliseconds
  bool is_time;
};
constexpr Unit kUnits[] = {{"B", 1, false},           {"kB", 1024, false},         {"8kB", 8192, false},
                           {"16kB", 16384, false},    {"32kB", 32768, false},      {"4kB", 4096, false},
                           {"MB", 1048576, false},    {"16MB", 16777216, false},   {"GB", 1073741824, false},
                           {"us", 0.001, true},       {"ms", 1, true},             {"s", 1000, true},
                           {"min", 60000, true},      {"h", 3600000, true},        {"d", 86400000, true}};

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits)
    if (unit.name == name) return &unit;
  return nullptr;
}

std::optional<double> number_in(const std::string& text) {
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "20s", as only a file has it.
const Unit* unit_written(const std::string& text, double& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() ? find_unit(std::string_view(end, text.data() + text.size())) : nullptr;
}

// Comparable whatever unit a version counts in. Values with a meaning of their own (-1, 0) have no unit.
std::string meaning_of(const std::string& value, const SettingFact& like) {
  const auto number = number_in(value);
  if (like.type != "integer" && like.type != "real") return value;
  if (!number) {
    double amount = 0;
    const Unit* written = unit_written(value, amount);
    return written ? fmt::format("{}", amount * written->factor) : value;
  }
  const Unit* unit = find_unit(like.unit);
  return fmt::format("{}", unit && *number > 0 ? *number * unit->factor : *number);
}

bool same_meaning(const std::string& value, const SettingFact& like, const std::string& other_value, const SettingFact& other) {
  return meaning_of(value, like) == meaning_of(other_value, other);
}

bool at_default(const SettingFact& setting) { return !setting.is_set || setting.value == setting.boot_value; }

// Names in a list such as "pg_stat_statements, '$libdir/auto_explain'", without their folders.
std::vector<std::string> libraries_in(const std::string& value) {
  std::vector<std::string> found;
  std::string name;
  for (const char letter : value + ",") {
    if (letter == ',') {
      if (!name.empty()) found.push_back(name.substr(name.rfind('/') + 1));
      name.clear();
    } else if (letter != ' ' && letter != '"' && letter != '\'') {
      name += letter;
    }
  }
  return found;
}

// Those that the server offers no extension for. Most libraries are named as their extension is; some have none.
std::vector<std::string> not_offered(const std::string& libraries, const ServerConfiguration& server) {
  constexpr std::string_view kWorker = "_bgw";  // pg_partman_bgw of pg_partman
  std::vector<std::string> missing;
  for (const std::string& library : libraries_in(libraries)) {
    const std::string extension = library.ends_with(kWorker) ? library.substr(0, library.size() - kWorker.size()) : library;
    if (!server.installable.contains(extension)) missing.push_back(library);
  }
  return missing;
}

int major_version(const ServerConfiguration& configuration) { return configuration.version_number / 10000; }

std::string since(const SettingHistory& history) {
  return fmt::format("since PostgreSQL {}: {}", history.version, history.text);
}

// What the new name is given for the old one's value.
std::string translated(const SettingHistory& history, const SettingFact& old, const SettingFact& there) {
  const auto number = number_in(old.value);
  if (history.name == "wal_keep_segments" && number) {
    SettingFact megabytes = there;
    megabytes.unit = "MB";
    return as_written(fmt::format("{}", static_cast<long long>(*number * 16)), megabytes);
  }
  return as_written(old.value, old);
}

class Comparison {
 public:
  Comparison(const ServerConfiguration& source, const ServerConfiguration& target) : source_(source), target_(target) {}

  Parity compare() {
    parity_.source = source_.server;
    parity_.target = target_.server;
    parity_.source_version = source_.version;
    parity_.target_version = target_.version;
    for (const auto& [name, old] : source_.settings) {
      if (kNotComparable.contains(name)) continue;
      const auto there = target_.settings.find(name);
      if (there == target_.settings.end())
        missing(name, old);
      else
        both(name, old, there->second);
    }
    for (const auto& [name, there] : target_.settings) only_new(name, there);
    std::stable_sort(parity_.entries.begin(), parity_.entries.end(),
                     [](const ParityEntry& a, const ParityEntry& b) { return a.kind < b.kind; });
    return std::move(parity_);
  }

 private:
  ParityEntry& add(ParityKind kind, const std::string& name) {
    ParityEntry& entry = parity_.entries.emplace_back();
    entry.kind = kind;
    entry.name = name;
    return entry;
  }

  void both(const std::string& name, const SettingFact& old, const SettingFact& there) {
    if (there.waits_for_restart) {
      ParityEntry& entry = add(ParityKind::waits_for_restart, name);
      entry.new_value = as_written(there.value, there);
      entry.needs_restart = true;
      entry.why = "its configuration file says something else than the server runs with";
    }
    if (old.uncertain || there.uncertain) {
      parity_.uncertain.push_back(name);
      return;
    }
    const bool old_default = at_default(old), new_default = at_default(there);
    const bool differ = old.masked ? old_default != new_default : !same_meaning(old.value, old, there.value, there);
    if (!differ) return;
    ParityEntry& entry = add(old_default && new_default ? ParityKind::default_changed
                             : old_default              ? ParityKind::only_there
                             : new_default              ? ParityKind::carry_over
                                                        : ParityKind::differs,
                             name);
    entry.old_value = as_written(old.value, old);
    entry.new_value = as_written(there.value, there);
    entry.needs_restart = there.context == "postmaster";
    if (!old.masked) entry.proposed = entry.old_value;
    if (old.masked) entry.why = "its value may hold a secret and is not read";
    const SettingHistory* history = changed_default(name, major_version(source_), major_version(target_));
    if (history && (old_default || new_default)) entry.why = since(*history);
    if (name == "shared_preload_libraries") without_missing_libraries(old.value, entry);
  }

  // A server that can't load one of them doesn't start: such a line is nothing to be set as it stands.
  void without_missing_libraries(const std::string& libraries, ParityEntry& entry) const {
    const std::vector<std::string> missing = not_offered(libraries, target_);
    if (missing.empty()) return;
    entry.proposed.clear();
    entry.why = fmt::format("the new server offers no extension {}, and doesn't start without the library: install it first, or leave it out",
                            fmt::join(missing, ", "));
  }

  // Unknown there. Nothing is lost with what was never set.
  void missing(const std::string& name, const SettingFact& old) {
    if (at_default(old)) return;
    const SettingHistory* history = gone_setting(name, major_version(source_), major_version(target_));
    if (history && !history->new_name.empty()) {
      const auto there = target_.settings.find(std::string(history->new_name));
      if (there == target_.settings.end() || !at_default(there->second)) return;
      ParityEntry& entry = add(ParityKind::renamed, there->first);
      entry.old_name = name;
      entry.old_value = as_written(old.value, old);
      entry.new_value = as_written(there->second.value, there->second);
      entry.proposed = translated(*history, old, there->second);
      entry.why = since(*history);
      entry.needs_restart = there->second.context == "postmaster";
      return;
    }
    const bool of_library = name.find('.') != std::string::npos;
    ParityEntry& entry = add(of_library ? ParityKind::no_library : ParityKind::removed, name);
    entry.old_value = as_written(old.value, old);
    entry.why = history      ? since(*history)
                : of_library ? fmt::format("the library {} is not loaded there, or the name is an application's own", name.substr(0, name.find('.')))
                             : "the new server knows no such setting";
  }

  void only_new(const std::string& name, const SettingFact& there) {
    if (source_.settings.contains(name) || kNotComparable.contains(name)) return;
    ParityEntry& entry = add(ParityKind::new_there, name);
    entry.new_value = as_written(there.value, there);
    entry.needs_restart = there.context == "postmaster";
    if (!at_default(there)) entry.why = "set there";
  }

  const ServerConfiguration& source_;
  const ServerConfiguration& target_;
  Parity parity_;
};

}  // namespace

const char* to_string(ParityKind kind) {
  switch (kind) {
    case ParityKind::carry_over: return "carry_over";
    case ParityKind::renamed: return "renamed";
    case ParityKind::removed: return "removed";
    case ParityKind::no_library: return "no_library";
    case ParityKind::differs: return "differs";
    case ParityKind::default_changed: return "default_changed";
    case ParityKind::only_there: return "only_there";
    case ParityKind::new_there: return "new_there";
    case ParityKind::waits_for_restart: return "waits_for_restart";
  }
  return "";
}

void to_json(json& target, const ParityEntry& entry) {
  target = {{"kind", to_string(entry.kind)}, {"name", entry.name}, {"old_name", entry.old_name}, {"old_value", entry.old_value},
            {"new_value", entry.new_value}, {"proposed", entry.proposed}, {"why", entry.why}, {"needs_restart", entry.needs_restart}};
}

void to_json(json& target, const Parity& parity) {
  target = {{"source", parity.source}, {"target", parity.target}, {"source_version", parity.source_version},
            {"target_version", parity.target_version}, {"entries", parity.entries}, {"uncertain", parity.uncertain}};
}

bool Parity::same() const {
  return std::all_of(entries.begin(), entries.end(), [](const ParityEntry& entry) { return entry.kind == ParityKind::new_there; });
}

Parity compare_configurations(const ServerConfiguration& source, const ServerConfiguration& target) {
  return Comparison(source, target).compare();
}

std::string as_written(const std::string& value, const SettingFact& like) {
  const auto number = number_in(value);
  if (number && (like.type == "integer" || like.type == "real")) {
    const Unit* own = find_unit(like.unit);
    if (!own || *number <= 0) return value;
    // The largest unit in which it is a whole number.
    const double amount = *number * own->factor;
    const Unit* best = nullptr;
    for (const char* name : {"B", "kB", "MB", "GB", "us", "ms", "s", "min", "h", "d"}) {
      const Unit* unit = find_unit(name);
      if (unit->is_time != own->is_time) continue;
      const double count = amount / unit->factor;
      if (count >= 1 && count == static_cast<double>(static_cast<long long>(count))) best = unit;
    }
    // A setting may be written in bytes only since 11, and fractions of a millisecond only since 12: as it is, then.
    if (!best) return value + (own->is_time ? std::string(own->name) : std::string());
    return fmt::format("{}{}", static_cast<long long>(amount / best->factor), best->name);
  }
  double amount = 0;
  if (like.type == "bool" || like.type == "enum" || unit_written(value, amount)) return value;
  std::string quoted = "'";
  for (const char letter : value) quoted += letter == '\'' ? "''" : letter == '\\' ? "\\\\" : letter == '\n' ? "\\n" : letter == '\r' ? "\\r" : std::string(1, letter);
  return quoted + "'";
}

}  // namespace pgconvoy
