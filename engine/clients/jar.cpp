#include "engine/clients/jar.hpp"

#include <fmt/format.h>

#include <map>
#include <sstream>

#include "engine/clients/archive_reader.hpp"
#include "engine/clients/drivers.hpp"
#include "engine/clients/path_rules.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

// "key: value" or "key=value", a line each; lines that go on are not put together (no value that is looked for is long).
std::map<std::string, std::string> pairs_in(const std::string& text, char separator) {
  std::map<std::string, std::string> pairs;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find(separator);
    if (at != std::string::npos) pairs.emplace(printable(line.substr(0, at)), printable(line.substr(at + 1)));
  }
  return pairs;
}

struct JarTraces {
  bool driver = false;        // org/postgresql/Driver.class
  bool scram = false;         // the library that it needs for SCRAM
  std::string version;        // of a driver in this very jar
};

bool is_scram_library(const std::string& path) { return path.find("com/ongres/scram/") != std::string::npos; }

std::string driver_version_in_manifest(const std::string& text) {
  const auto pairs = pairs_in(text, ':');
  const auto value = [&](const char* key) {
    const auto found = pairs.find(key);
    return found == pairs.end() ? std::string() : found->second;
  };
  if (value("Bundle-SymbolicName").starts_with("org.postgresql.jdbc")) return value("Bundle-Version");
  if (value("Implementation-Title").starts_with("PostgreSQL JDBC Driver")) return value("Implementation-Version");
  return {};
}

Result<void> look_at_jar_entry(ArchiveReader& reader, const ArchiveEntry& entry, const ScanLimits& limits,
                               const std::string& jar, JarTraces& traces, Inspection& inspection) {
  if (entry.path == "org/postgresql/Driver.class") traces.driver = true;
  if (!traces.scram) traces.scram = is_scram_library(entry.path);
  if (entry.path.ends_with(".jar")) {
    const auto name = base_name_of(entry.path);
    for (const auto& [kind, version] : {std::pair{"pgjdbc", pgjdbc_version(name)}, std::pair{"r2dbc-postgresql", r2dbc_version(name)}}) {
      if (!version) continue;
      const Judgement judgement = judge(kind, *version);
      inspection.clients.push_back({kind, *version, jar + "!/" + entry.path, judgement.scram, judgement.because, ""});
    }
    return {};
  }
  const bool properties = entry.path == "META-INF/maven/org.postgresql/postgresql/pom.properties";
  if (!properties && entry.path != "META-INF/MANIFEST.MF") return {};
  EntrySource content(reader);
  TRY(const std::string text, read_all(content, limits.metadata, entry.path));
  if (properties) {
    const auto pairs = pairs_in(text, '=');
    const auto found = pairs.find("version");
    if (found != pairs.end()) traces.version = found->second;
  } else if (traces.version.empty()) {
    traces.version = driver_version_in_manifest(text);
  }
  return {};
}

}  // namespace

Result<void> inspect_jar(std::string_view path, ByteSource& content, const ScanLimits& limits, Inspection& inspection) {
  const std::string shown = "/" + std::string(path);
  ArchiveReader reader(content, ArchiveFormat::zip, limits, shown);
  JarTraces traces;
  for (;;) {
    auto entry = reader.next();
    Result<void> looked;
    if (entry && *entry) looked = look_at_jar_entry(reader, **entry, limits, shown, traces, inspection);
    if (!entry || !looked) {
      Error problem = entry ? std::move(looked).error() : std::move(entry).error();
      // A jar that can't be read is the image's own affair; a source that fails isn't.
      if (problem.kind != ErrorKind::corrupt && problem.kind != ErrorKind::refused) return problem;
      inspection.notes.push_back(fmt::format("not read to its end: {}", problem.message));
      break;
    }
    if (!*entry) break;
  }
  if (!traces.driver && traces.version.empty()) return {};
  FoundClient client{"pgjdbc", traces.version, shown, SpeaksScram::unknown, "", ""};
  if (!traces.version.empty()) {
    const Judgement judgement = judge("pgjdbc", traces.version);
    client.scram = judgement.scram;
    client.because = judgement.because;
  } else {
    client.scram = traces.scram ? SpeaksScram::yes : SpeaksScram::no;
    client.because = traces.scram ? "the driver's classes with the library com.ongres.scram" : "the driver's classes without the library com.ongres.scram";
  }
  inspection.clients.push_back(std::move(client));
  return {};
}

}  // namespace pgconvoy::clients
