#include "engine/clients/archive_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

std::string for_people(std::string_view path) { return shortened(printable(path), 200); }

// Whether following `target` from the folder of `path` climbs above the root. An absolute target starts at the root.
bool leads_out(const std::string& path, std::string_view target) {
  long depth = target.starts_with('/') ? 0 : std::count(path.begin(), path.end(), '/');
  while (!target.empty()) {
    const auto slash = target.find('/');
    const auto part = target.substr(0, slash);
    if (part == "..") {
      if (--depth < 0) return true;
    } else if (!part.empty() && part != ".") {
      ++depth;
    }
    if (slash == std::string_view::npos) break;
    target.remove_prefix(slash + 1);
  }
  return false;
}

// In the C locale libarchive gives one of the two for a name that isn't ASCII.
std::string either(const char* bytes, const char* utf8) { return bytes ? bytes : utf8 ? utf8 : ""; }

}  // namespace

Result<std::string> clean_path(std::string_view path) {
  if (path.size() > ScanLimits::path)
    return Error(ErrorKind::refused, fmt::format("the path \"{}\" is longer than a file system takes", for_people(path)));
  std::string clean;
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const auto part = rest.substr(0, slash);
    if (part == "..")
      return Error(ErrorKind::refused, fmt::format("the path \"{}\" leads out of the archive", for_people(path)));
    if (!part.empty() && part != ".") {
      if (!clean.empty()) clean += '/';
      clean += part;
    }
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return clean;
}

struct ArchiveReader::State {
  ByteSource& source;
  ScanLimits limits;
  std::string what;
  archive* reader = nullptr;
  bool opened = false;
  bool in_entry = false;
  std::uint64_t entries = 0;
  std::uint64_t at = 0;  // in the source
  std::optional<Error> source_error;

  State(ByteSource& source_, ArchiveFormat format, const ScanLimits& limits_, std::string what_)
      : source(source_), limits(limits_), what(std::move(what_)), reader(archive_read_new()) {
    if (format == ArchiveFormat::tar) {
      archive_read_support_filter_gzip(reader);
      archive_read_support_filter_zstd(reader);
      archive_read_support_format_tar(reader);
      archive_read_support_format_empty(reader);
    } else {
      archive_read_support_format_zip_streamable(reader);
    }
  }
  ~State() { archive_read_free(reader); }

  static la_ssize_t read(archive*, void* self, const void** block) {
    auto& state = *static_cast<State*>(self);
    auto bytes = state.source.next();
    if (!bytes) {
      state.source_error = std::move(bytes).error();
      return -1;
    }
    *block = bytes->data();
    state.at += bytes->size();
    return static_cast<la_ssize_t>(bytes->size());
  }
  static la_int64_t skip(archive*, void* self, la_int64_t count) {
    auto& state = *static_cast<State*>(self);
    if (count < 1 << 20 || !state.source.seek(state.at + static_cast<std::uint64_t>(count))) return 0;
    state.at += static_cast<std::uint64_t>(count);
    return count;
  }

  Error problem(const char* doing) {
    if (source_error) return *source_error;
    const char* text = archive_error_string(reader);
    return Error(ErrorKind::corrupt, fmt::format("cannot {} {}: {}", doing, what, text ? for_people(text) : "it is damaged"));
  }

  Result<void> open() {
    opened = true;
    archive_read_set_skip_callback(reader, skip);
    if (archive_read_open(reader, this, nullptr, read, nullptr) != ARCHIVE_OK) return problem("read");
    // The last one is no compression, it is the source itself.
    if (archive_filter_count(reader) > 2)
      return Error(ErrorKind::refused, fmt::format("{} is compressed more than once", what));
    return {};
  }

  Result<void> within_limits() {
    const auto unpacked = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_filter_bytes(reader, 0)));
    const auto packed = static_cast<std::uint64_t>(std::max<la_int64_t>(1, archive_filter_bytes(reader, -1)));
    if (std::chrono::steady_clock::now() > limits.until) return Error(ErrorKind::timeout, fmt::format("{} was not read to its end: the time for it ran out", what));
    if (unpacked > limits.unpacked)
      return Error(ErrorKind::refused, fmt::format("{} has more than {} bytes unpacked", what, limits.unpacked));
    if (unpacked > limits.ratio_from && unpacked / limits.ratio > packed)
      return Error(ErrorKind::refused,
                   fmt::format("{} unpacks to more than {} times its size: that is made to fill a disk", what, limits.ratio));
    return {};
  }
};

ArchiveReader::ArchiveReader(ByteSource& source, ArchiveFormat format, const ScanLimits& limits, std::string what)
    : state_(std::make_unique<State>(source, format, limits, std::move(what))) {}
ArchiveReader::~ArchiveReader() = default;

Result<std::optional<ArchiveEntry>> ArchiveReader::next() {
  if (!state_->opened) TRY_VOID(state_->open());
  // Read over rather than skipped: libarchive would unpack all of it in one call, without a look at the limits.
  while (state_->in_entry) {
    if (!compressed() && archive_filter_count(state_->reader) == 1) {
      if (archive_read_data_skip(state_->reader) < ARCHIVE_WARN) return state_->problem("read");
      state_->in_entry = false;
      break;
    }
    TRY_VOID(data());
  }
  archive_entry* header = nullptr;
  const int status = archive_read_next_header(state_->reader, &header);
  if (status == ARCHIVE_EOF) return std::optional<ArchiveEntry>();
  if (status < ARCHIVE_WARN) return state_->problem("read");
  TRY_VOID(state_->within_limits());
  if (++state_->entries > state_->limits.entries)
    return Error(ErrorKind::refused, fmt::format("{} has more than {} entries", state_->what, state_->limits.entries));
  state_->in_entry = true;
  ArchiveEntry entry;
  const std::string raw = either(archive_entry_pathname(header), archive_entry_pathname_utf8(header));
  auto path = clean_path(raw);
  if (!path) return std::move(path).error().within(state_->what);
  entry.path = *std::move(path);
  if (archive_entry_size_is_set(header)) entry.size = archive_entry_size(header);
  const std::string hard = either(archive_entry_hardlink(header), archive_entry_hardlink_utf8(header));
  if (!hard.empty()) {
    entry.type = ArchiveEntry::Type::hardlink;
    auto target = clean_path(hard);
    if (!target)
      return Error(ErrorKind::refused, fmt::format("{}: the hard link \"{}\" leads out of the archive, to \"{}\"", state_->what,
                                                   for_people(raw), for_people(hard)));
    entry.target = *std::move(target);
    return std::optional(std::move(entry));
  }
  switch (archive_entry_filetype(header)) {
    case AE_IFREG:
      entry.type = ArchiveEntry::Type::file;
      break;
    case AE_IFDIR:
      entry.type = ArchiveEntry::Type::directory;
      break;
    case AE_IFLNK:
      entry.type = ArchiveEntry::Type::symlink;
      entry.target = either(archive_entry_symlink(header), archive_entry_symlink_utf8(header));
      if (leads_out(entry.path, entry.target))
        return Error(ErrorKind::refused, fmt::format("{}: the link \"{}\" leads out of the archive, to \"{}\"", state_->what,
                                                     for_people(raw), for_people(entry.target)));
      break;
    default:
      break;
  }
  return std::optional(std::move(entry));
}

Result<std::string_view> ArchiveReader::data() {
  while (state_->in_entry) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(state_->reader, &block, &size, &offset);
    if (status == ARCHIVE_EOF) {
      state_->in_entry = false;
      break;
    }
    if (status < ARCHIVE_WARN) return state_->problem("read");
    TRY_VOID(state_->within_limits());
    if (size > 0) return std::string_view(static_cast<const char*>(block), size);
  }
  return std::string_view();
}

bool ArchiveReader::compressed() const { return archive_filter_code(state_->reader, 0) != ARCHIVE_FILTER_NONE; }
std::uint64_t ArchiveReader::unpacked() const {
  return static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_filter_bytes(state_->reader, 0)));
}

}  // namespace pgconvoy::clients
