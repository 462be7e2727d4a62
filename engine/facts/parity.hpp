// Two configurations compared: what an operator must carry over by hand, and what will be different anyway. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/facts/configuration.hpp"

namespace pgconvoy {

enum class ParityKind {
  carry_over,       // set on the old server, the default's value on the new one
  renamed,          // set on the old one; the new one has it under another name, not set there
  removed,          // set on the old one; the new one has no such setting
  no_library,       // set on the old one; belongs to a library that the new one hasn't loaded
  differs,          // set on both, to different values
  default_changed,  // set on neither, and the defaults are different
  only_there,       // the default's value on the old one, set on the new one
  new_there,        // the new version has it, the old one knew no such setting
  waits_for_restart,  // on the new one: its file says something else than what it runs with
};
const char* to_string(ParityKind kind);

struct ParityEntry {
  ParityKind kind = ParityKind::carry_over;
  std::string name;           // on the new server; of what is removed, on the old one
  std::string old_name;       // when it is another
  std::string old_value, new_value;  // as one writes them in a configuration file: 128MB, 'a, b', on; "" when there is none
  std::string proposed;       // what the new server would have to be given for the old one's behaviour; "" when nothing can
  std::string why;            // with the version whose release notes say so; "" when there is nothing to add
  bool needs_restart = false; // to change it there
};

struct Parity {
  std::string source, target;                 // ids
  std::string source_version, target_version;
  std::vector<ParityEntry> entries;           // by kind in the order above, then by name
  std::vector<std::string> uncertain;         // settings that can't be compared, for want of the right to read the files
  bool same() const;                          // nothing to decide: but for what is new_there, no entries
};

void to_json(json& target, const ParityEntry& entry);
void to_json(json& target, const Parity& parity);

// Left out: what belongs to a host (paths, ports, addresses, names, files), what a server finds out by itself, what
// replication sets, and values that are the same. Units of different versions are compared as what they mean.
Parity compare_configurations(const ServerConfiguration& source, const ServerConfiguration& target);

// "128MB" of 16384 and "8kB"; quoted when a configuration file needs it.
std::string as_written(const std::string& value, const SettingFact& like);

// What the release notes of PostgreSQL 10 to 17 say about a setting.
struct SettingHistory {
  std::string_view name;
  int version;                // major version since which it is so
  std::string_view new_name;  // "": not renamed
  std::string_view text;      // "": gone
};
const SettingHistory* gone_setting(std::string_view name, int old_major, int new_major);
const SettingHistory* changed_default(std::string_view name, int old_major, int new_major);

}  // namespace pgconvoy
