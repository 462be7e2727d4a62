#include "engine/clients/layers.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_set>

#include "engine/clients/archive_reader.hpp"
#include "engine/clients/inspect.hpp"
#include "engine/clients/path_rules.hpp"
#include "engine/clients/rests_on_libpq.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOwnOfAufs = ".wh..wh.";
constexpr std::size_t kMostNotes = 50;

std::uint64_t hash_of(std::string_view path) { return XXH3_64bits(path.data(), path.size()); }

// The file that a finding is in, relative to the root: "/app.jar!/lib/x.jar" -> "app.jar".
std::string_view file_of(const FoundClient& client) {
  std::string_view path = client.path;
  path.remove_prefix(1);
  return path.substr(0, path.find("!/"));
}

bool has_hash(const std::vector<std::uint64_t>& sorted, std::string_view path) {
  return std::binary_search(sorted.begin(), sorted.end(), hash_of(path));
}

// Whether the layer takes the file of a layer below away.
bool hides(const LayerScan& layer, std::string_view file) {
  if (has_hash(layer.folders, file)) return true;
  for (std::string_view part = file;; part = folder_of(part)) {
    if (part.size() < file.size() && has_hash(layer.emptied, part)) return true;
    if (part.empty()) return false;
    if (has_hash(layer.files, part) || has_hash(layer.removed, part)) return true;
  }
}

// True when the entry was a whiteout, which is noted.
Result<bool> note_whiteout(const ArchiveEntry& entry, const std::string& layer, LayerScan& scan) {
  const auto name = base_name_of(entry.path);
  if (!name.starts_with(kWhiteout)) return false;
  const std::string folder(folder_of(entry.path));
  if (name == kOpaque) {
    scan.emptied.push_back(hash_of(folder));
    return true;
  }
  if (name.starts_with(kOwnOfAufs)) return true;
  const auto hidden = name.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..")
    return Error(ErrorKind::refused, fmt::format("{}: the whiteout \"{}\" leads out of its folder", layer, printable(entry.path)));
  scan.removed.push_back(hash_of(folder.empty() ? std::string(hidden) : folder + "/" + std::string(hidden)));
  return true;
}

// A second name of a file of this layer holds what the first one does.
void follow_hard_link(const ArchiveEntry& entry, LayerScan& scan) {
  const auto count = scan.clients.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (file_of(scan.clients[i]) != entry.target) continue;
    FoundClient again = scan.clients[i];
    again.path = "/" + entry.path + again.path.substr(1 + entry.target.size());
    scan.clients.push_back(std::move(again));
  }
}

// `holders`: hashes of the files that something was found in, so that the many others cost nothing more.
Result<void> look_at_entry(ArchiveReader& reader, const ArchiveEntry& entry, const std::string& layer, const ScanLimits& limits,
                           LayerScan& scan, std::unordered_set<std::uint64_t>& holders) {
  if (entry.path.empty()) return {};
  if (entry.type == ArchiveEntry::Type::directory) {
    scan.folders.push_back(hash_of(entry.path));
    return {};
  }
  TRY(const bool whiteout, note_whiteout(entry, layer, scan));
  if (whiteout) return {};
  // Of two entries with one path the later one is there.
  const std::uint64_t hash = hash_of(entry.path);
  if (holders.erase(hash) > 0) std::erase_if(scan.clients, [&](const FoundClient& client) { return file_of(client) == entry.path; });
  scan.files.push_back(hash);
  if (entry.type == ArchiveEntry::Type::hardlink && holders.count(hash_of(entry.target)) > 0) {
    follow_hard_link(entry, scan);
    holders.insert(hash);
  }
  // pax archives may give a hard link the content as well.
  if (entry.type != ArchiveEntry::Type::file) return {};
  ++scan.file_count;
  if (entry.size > 0) scan.bytes += static_cast<std::uint64_t>(entry.size);
  EntrySource content(reader);
  Inspection inspection;
  TRY_VOID(inspect_file(entry.path, content, limits, inspection));
  if (!inspection.clients.empty()) holders.insert(hash);
  for (FoundClient& client : inspection.clients) {
    client.layer = layer;
    scan.clients.push_back(std::move(client));
  }
  for (std::string& note : inspection.notes)
    if (scan.notes.size() < kMostNotes) scan.notes.push_back(printable(note));
  if (scan.clients.size() > limits.findings)
    return Error(ErrorKind::refused, fmt::format("{} has more than {} clients: that is made to fill the memory", layer, limits.findings));
  return {};
}

auto order_of(const FoundClient& client) { return std::tie(client.path, client.kind, client.version); }

}  // namespace

Result<LayerScan> scan_layer(ByteSource& source, const std::string& name, const ScanLimits& limits) {
  ArchiveReader reader(source, ArchiveFormat::tar, limits, name);
  TRY(auto first, reader.next());
  return scan_entries(reader, std::move(first), name, limits);
}

Result<LayerScan> scan_entries(ArchiveReader& reader, std::optional<ArchiveEntry> first, const std::string& name,
                               const ScanLimits& limits) {
  LayerScan scan;
  std::unordered_set<std::uint64_t> holders;
  auto entry = std::move(first);
  while (entry) {
    TRY_VOID(look_at_entry(reader, *entry, name, limits, scan, holders));
    TRY(entry, reader.next());
  }
  for (auto* const hashes : {&scan.files, &scan.folders, &scan.removed, &scan.emptied}) std::sort(hashes->begin(), hashes->end());
  return scan;
}

Result<void> LayerTotals::add(const LayerScan& layer) {
  entries_ += layer.entries();
  findings_ += layer.clients.size();
  if (entries_ > limits_.all_entries) return Error(ErrorKind::refused, fmt::format("the layers have more than {} entries together", limits_.all_entries));
  if (findings_ > limits_.findings) return Error(ErrorKind::refused, fmt::format("the layers have more than {} clients together", limits_.findings));
  return {};
}

Merged merge_layers(const std::vector<const LayerScan*>& layers) {
  Merged merged;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    merged.files += layers[i]->file_count;
    merged.bytes += layers[i]->bytes;
    for (const auto& note : layers[i]->notes)
      if (merged.notes.size() < kMostNotes) merged.notes.push_back(note);
    for (const FoundClient& client : layers[i]->clients) {
      const auto hidden = std::any_of(layers.begin() + static_cast<std::ptrdiff_t>(i) + 1, layers.end(),
                                      [&](const LayerScan* above) { return hides(*above, file_of(client)); });
      if (!hidden) merged.clients.push_back(client);
    }
  }
  settle(merged.clients);
  return merged;
}

void settle(std::vector<FoundClient>& clients) {
  std::sort(clients.begin(), clients.end(), [](const auto& a, const auto& b) { return order_of(a) < order_of(b); });
  clients.erase(std::unique(clients.begin(), clients.end(), [](const auto& a, const auto& b) { return order_of(a) == order_of(b); }),
                clients.end());
  // What a program of .NET says it rests on is less than the library itself beside it.
  std::set<std::string> with_library;
  for (const FoundClient& client : clients)
    if (client.path.ends_with("/Npgsql.dll")) with_library.emplace(folder_of(client.path));
  std::erase_if(clients, [&](const FoundClient& client) {
    return client.path.ends_with(".deps.json") && with_library.count(std::string(folder_of(client.path)));
  });
  judge_by_libpq(clients);
}

}  // namespace pgconvoy::clients
