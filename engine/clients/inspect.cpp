#include "engine/clients/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/clients/drivers.hpp"
#include "engine/clients/jar.hpp"
#include "engine/clients/libpq_version.hpp"
#include "engine/clients/native_search.hpp"
#include "engine/clients/path_rules.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

// A libpq with its debug information is about a megabyte.
constexpr std::size_t kLargestLibpq = 8 << 20;
constexpr std::size_t kLargestAssembly = 16 << 20;

// The first bytes, at least four unless the file is shorter.
Result<std::string> first_bytes(ByteSource& content) {
  std::string first;
  while (first.size() < 4) {
    TRY(const std::string_view block, content.next());
    if (block.empty()) break;
    first += block;
  }
  return first;
}

// The content of a small file; nothing, and a note, when it isn't small.
Result<std::optional<std::string>> read_small(ByteSource& content, std::size_t limit, const std::string& path, Inspection& inspection) {
  auto text = read_up_to(content, limit);
  if (text && !*text) inspection.notes.push_back(fmt::format("{} is too large to be looked at", path));
  return text;
}

FoundClient judged(std::string kind, std::string version, std::string path) {
  const Judgement judgement = judge(kind, version);
  return {std::move(kind), std::move(version), std::move(path), judgement.scram, judgement.because, ""};
}

// The file that is libpq: what counts is whether the words of the method are in it, whatever its version.
FoundClient libpq_file(const std::string& path, const NativeTraces& traces, std::string_view whole) {
  FoundClient client{"libpq", version_text(lib_version_of(whole)), path, SpeaksScram::unknown, "", ""};
  if (client.version.empty()) client.version = version_by_name(base_name_of(path));
  if (client.version.empty() && traces.libpq) client.version = traces.libpq_range();
  if (traces.scram) {
    client.scram = SpeaksScram::yes;
    client.because = "the file contains SCRAM-SHA-256";
  } else if (traces.libpq) {
    client.scram = SpeaksScram::no;
    client.because = "the file doesn't contain SCRAM-SHA-256, which libpq has since 10";
  } else {
    client.because = "named like libpq, but nothing of libpq is in it";
  }
  return client;
}

// libpq inside something else. There the words may be somebody else's (Kafka's clients have them too).
FoundClient libpq_inside(const std::string& path, const NativeTraces& traces) {
  FoundClient client{"libpq", traces.libpq_range(), path, SpeaksScram::no, "", ""};
  if (traces.libpq_10()) {
    client.scram = traces.scram ? SpeaksScram::yes : SpeaksScram::unknown;
    client.because = traces.scram ? "libpq is linked into the file, with SCRAM-SHA-256"
                                  : "libpq of 10 or later is linked into the file, but SCRAM-SHA-256 isn't in it";
  } else if (traces.scram) {
    client.scram = SpeaksScram::unknown;
    client.because = "a libpq older than 10 is linked into the file; that contains SCRAM-SHA-256, maybe for something else";
  } else {
    client.because = "libpq is linked into the file, without SCRAM-SHA-256, which it has since 10";
  }
  return client;
}

void add_go_modules(const std::string& path, const std::string& modules, Inspection& inspection) {
  std::istringstream lines(modules);
  FoundClient last;
  const auto finish = [&] {
    if (!last.kind.empty()) inspection.clients.push_back(judged(last.kind, last.version, path));
    last = {};
  };
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string what, module, version;
    fields >> what >> module >> version;
    if (what == "=>") {  // the module above, replaced
      if (!version.empty()) last.version = printable(version);
      continue;
    }
    finish();
    if (what != "dep" && what != "mod") continue;
    last.version = printable(version);
    if (module == "github.com/lib/pq") last.kind = "lib/pq";
    if (module == "github.com/jackc/pgx" || module.starts_with("github.com/jackc/pgx/v")) last.kind = "pgx";
  }
  finish();
}

// A program of Go without a list of modules: its functions tell whether, not which version.
void add_go_functions(const std::string& path, const NativeTraces& traces, Inspection& inspection) {
  if (traces.go_modules.find("\ndep\t") != std::string::npos) return;
  const auto add = [&](const char* kind, bool scram) {
    inspection.clients.push_back({kind, "", path, scram ? SpeaksScram::yes : SpeaksScram::no,
                                  scram ? "the program has the driver's functions for SCRAM" : "the program has the driver, but not its functions for SCRAM", ""});
  };
  if (traces.go_pq) add("lib/pq", traces.go_pq_scram);
  if (traces.go_pgx) add("pgx", traces.go_pgx_scram);
}

void add_crates(const std::string& path, const NativeTraces& traces, Inspection& inspection) {
  const bool tokio = std::any_of(traces.crates.begin(), traces.crates.end(), [](const auto& crate) { return crate.first == "tokio-postgres"; });
  for (const auto& [name, version] : traces.crates) {
    if (name == "postgres-protocol" && tokio) continue;
    const auto* kind = name == "postgres-protocol" ? "rust-postgres" : name == "tokio-postgres" ? "tokio-postgres" : "sqlx";
    inspection.clients.push_back(judged(kind, printable(version), path));
  }
}

Result<void> inspect_program(const std::string& path, bool named_libpq, ByteSource& content, Inspection& inspection) {
  TRY(std::string first, first_bytes(content));
  if (!first.starts_with("\x7f" "ELF")) return {};
  ResumedSource all(std::move(first), content);
  NativeSearch search;
  std::string whole;
  for (;;) {
    TRY(const std::string_view block, all.next());
    if (block.empty()) break;
    search.feed(block);
    if (named_libpq && whole.size() <= kLargestLibpq) whole += block;
  }
  const NativeTraces traces = search.finish();
  if (named_libpq)
    inspection.clients.push_back(libpq_file(path, traces, whole.size() > kLargestLibpq ? std::string_view() : whole));
  else if (traces.libpq)
    inspection.clients.push_back(libpq_inside(path, traces));
  add_go_modules(path, traces.go_modules, inspection);
  add_go_functions(path, traces, inspection);
  add_crates(path, traces, inspection);
  return {};
}

Result<void> inspect_package_json(const std::string& path, ByteSource& content, const ScanLimits& limits, Inspection& inspection) {
  TRY(const auto read, read_small(content, limits.metadata, path, inspection));
  if (!read) return {};
  const std::string& text = *read;
  const json package = json::parse(text, nullptr, false);
  if (!package.is_object() || !package.contains("name") || !package["name"].is_string()) {
    inspection.notes.push_back(fmt::format("{} is no description of a package", path));
    return {};
  }
  const std::string name = package["name"];
  const char* kind = name == "pg" ? "node-postgres" : name == "postgres" ? "postgres.js" : name == "libpq" ? "node-libpq" : nullptr;
  if (!kind) return {};
  std::string version;
  if (package.contains("version") && package["version"].is_string()) version = printable(package["version"].get<std::string>());
  inspection.clients.push_back(judged(kind, version, path));
  return {};
}

// The string resource `key` of a .NET assembly, which is in UTF-16: its value stands behind it, aligned.
std::string string_resource(const std::string& assembly, std::string_view key) {
  std::string wanted;
  for (const char c : key) wanted += {c, '\0'};
  wanted += std::string(2, '\0');
  const auto at = assembly.find(wanted);
  if (at == std::string::npos) return {};
  std::string value;
  std::size_t from = at + wanted.size();
  while (from < assembly.size() && assembly[from] == '\0') ++from;
  for (; from + 1 < assembly.size() && assembly[from + 1] == '\0' && assembly[from] > ' ' && value.size() < 64; from += 2)
    value += assembly[from];
  return value.substr(0, value.find('+'));
}

Result<void> inspect_npgsql(const std::string& path, ByteSource& content, Inspection& inspection) {
  TRY(const auto read, read_small(content, kLargestAssembly, path, inspection));
  if (!read) return {};
  const std::string& assembly = *read;
  std::string version = string_resource(assembly, "ProductVersion");
  if (version.empty()) version = string_resource(assembly, "FileVersion");
  FoundClient client = judged("Npgsql", printable(version), path);
  if (client.scram == SpeaksScram::unknown) {
    std::string wanted;
    for (const char c : std::string_view("SCRAM-SHA-256")) wanted += {c, '\0'};
    const bool scram = assembly.find(wanted) != std::string::npos;
    client.scram = scram ? SpeaksScram::yes : SpeaksScram::no;
    client.because = scram ? "the file contains SCRAM-SHA-256" : "the file doesn't contain SCRAM-SHA-256";
  }
  inspection.clients.push_back(std::move(client));
  return {};
}

// "Npgsql/4.0.3" among the libraries.
Result<void> inspect_deps_json(const std::string& path, ByteSource& content, const ScanLimits& limits, Inspection& inspection) {
  TRY(const auto read, read_small(content, limits.metadata, path, inspection));
  if (!read) return {};
  const std::string& text = *read;
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("libraries") || !document["libraries"].is_object()) return {};
  for (const auto& [name, library] : document["libraries"].items())
    if (name.starts_with("Npgsql/")) inspection.clients.push_back(judged("Npgsql", printable(name.substr(7)), path));
  return {};
}

Result<void> inspect_cargo_lock(const std::string& path, ByteSource& content, const ScanLimits& limits, Inspection& inspection) {
  TRY(const auto read, read_small(content, limits.metadata, path, inspection));
  if (!read) return {};
  const std::string& text = *read;
  NativeTraces traces;
  std::istringstream lines(text);
  std::string name;
  for (std::string line; std::getline(lines, line);) {
    const auto value = [&](std::string_view key) {
      const auto end = line.rfind('"');
      return line.starts_with(key) && end >= key.size() ? line.substr(key.size(), end - key.size()) : std::string();
    };
    if (line.starts_with("name = \"")) name = value("name = \"");
    if (!line.starts_with("version = \"")) continue;
    if (name == "postgres-protocol" || name == "tokio-postgres" || name == "sqlx-core" || name == "sqlx-postgres")
      traces.crates.emplace_back(name, value("version = \""));
  }
  // sqlx-core is there without PostgreSQL too since sqlx-postgres is a crate of its own.
  const bool split = std::any_of(traces.crates.begin(), traces.crates.end(), [](const auto& crate) { return crate.first == "sqlx-postgres"; });
  if (split) std::erase_if(traces.crates, [](const auto& crate) { return crate.first == "sqlx-core"; });
  add_crates(path, traces, inspection);
  return {};
}

}  // namespace

bool wants_content(std::string_view path) { return look_at_path(path).content != Content::none; }

Result<void> inspect_file(std::string_view path, ByteSource& content, const ScanLimits& limits, Inspection& inspection) {
  const std::string shown = "/" + std::string(path);
  PathVerdict verdict = look_at_path(path);
  if (verdict.client) {
    inspection.clients.push_back(judged(verdict.client->kind, printable(verdict.client->version), shown));
    return {};
  }
  switch (verdict.content) {
    case Content::none:
      return {};
    case Content::libpq:
      return inspect_program(shown, true, content, inspection);
    case Content::perhaps_program:
      return inspect_program(shown, false, content, inspection);
    case Content::package_json:
      return inspect_package_json(shown, content, limits, inspection);
    case Content::npgsql:
      return inspect_npgsql(shown, content, inspection);
    case Content::deps_json:
      return inspect_deps_json(shown, content, limits, inspection);
    case Content::cargo_lock:
      return inspect_cargo_lock(shown, content, limits, inspection);
    case Content::jar:
      break;
  }
  const auto name = base_name_of(path);
  if (const auto version = pgjdbc_version(name)) {
    inspection.clients.push_back(judged("pgjdbc", printable(*version), shown));
  } else if (const auto reactive = r2dbc_version(name)) {
    inspection.clients.push_back(judged("r2dbc-postgresql", printable(*reactive), shown));
  } else {
    return inspect_jar(path, content, limits, inspection);
  }
  return {};
}

}  // namespace pgconvoy::clients
