// A sound journal, damaged as the input says, is opened, verified, and read through every reader: without a crash, and
// either the damage is found or no reader returns anything else than before.
//
// The input is a list of changes: what (a byte), where (two bytes), and a value (a byte, or text up to a zero byte).
#include <sqlite3.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tests/engine/journal/everything.hpp"

using namespace pgconvoy;

namespace {

constexpr const char* kColumns[] = {
    "events set data",          "events set kind",        "events set step",          "events set at",
    "events set epoch",         "events set attempt",     "events set target",        "events set hash",
    "events set sequence",      "runs set state",         "runs set intent",          "runs set planned",
    "runs set created",         "runs set hash",          "targets set state",        "targets set reason",
    "targets set epoch",        "targets set planned",    "targets set paused_at",    "targets set id",
    "steps set status",         "steps set intent",       "steps set outcome",        "steps set path",
    "steps set attempt",        "steps set first_started", "obligations set data",    "obligations set state",
    "obligations set due",      "obligations set id",     "backups set details",      "backups set bytes",
    "backups set created",      "backups set file",       "journal set value",        "sqlite_sequence set seq"};

struct Base {
  std::filesystem::path directory;
  std::string path, bytes, wal, read;
};

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void fill(Journal& journal) {
  const WallTime at = parse_utc("2026-11-22T12:00:00.000Z");
  json target{{"number", 1}, {"target", {{"id", "shop"}, {"region", "north"}}}, {"steps", {{{"path", "backup"}}}}};
  (void)*journal.create_run({{"runbook", {{"name", "r"}}}, {"runbook_digest", "d"}}, {target}, at);
  const auto event = [&](int number, EventKind kind, const char* step = "", json data = json::object()) {
    Event made;
    made.run = 1;
    made.target = made.epoch = number;
    made.step = step;
    made.attempt = *step ? 1 : 0;
    made.kind = kind;
    made.at = at;
    made.data = std::move(data);
    return made;
  };
  std::vector<Event> events{event(0, EventKind::run_started, "", {{"pid", 1}}),
                            event(1, EventKind::target_claimed, "", {{"pid", 1}}),
                            event(1, EventKind::facts_gathered, "", {{"findings", json::array()}}),
                            event(1, EventKind::step_started, "backup", {{"intent", {{"oid", 7}}}}),
                            event(1, EventKind::step_succeeded, "backup", {{"outcome", {{"backup", {{"file", "f"}}}}}}),
                            event(1, EventKind::obligation_made, "backup", {{"id", "o"}, {"kind", "drop_source"}}),
                            event(1, EventKind::target_succeeded)};
  journal.append(events).value();
}

Base make_base() {
  std::string pattern = (std::filesystem::temp_directory_path() / "pgconvoy-fuzz-XXXXXX").string();
  if (!mkdtemp(pattern.data())) abort();
  Base base{pattern, pattern + "/journal", {}, {}, {}};
  {
    auto journal = *open_journal(base.path, OpenMode::create);
    fill(*journal);
    base.wal = bytes_of(base.path + "-wal");
  }
  base.bytes = bytes_of(base.path);
  base.read = test::everything(**open_journal(base.path, OpenMode::read_only));
  return base;
}

void set(const std::string& path, const char* column, int row, const std::string& value) {
  sqlite3* database = nullptr;
  if (sqlite3_open(path.c_str(), &database) == SQLITE_OK) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_exec(database, "pragma synchronous = off", nullptr, nullptr, nullptr);
    const std::string table(column, std::string(column).find(' '));
    // The row by its place, as some tables have no row ids.
    const auto text = "update " + std::string(column) + " = ?1 where (select count(*) from " + table + ") >= ?2";
    if (sqlite3_prepare_v2(database, text.c_str(), -1, &statement, nullptr) == SQLITE_OK) {
      sqlite3_bind_text(statement, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
      sqlite3_bind_int(statement, 2, row % 3);
      (void)sqlite3_step(statement);
      sqlite3_finalize(statement);
    }
  }
  sqlite3_close(database);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Base base = make_base();
  static const bool removed_at_exit = std::atexit([] { std::filesystem::remove_all(base.directory); }) == 0;
  (void)removed_at_exit;
  std::string bytes = base.bytes, wal;
  std::vector<std::pair<std::size_t, std::string>> values;
  std::size_t row = 0;
  for (std::size_t at = 0; at + 4 <= size;) {
    const std::size_t what = data[at], where = data[at + 1] << 8 | data[at + 2];
    at += 3;
    if (what < 100) {
      if (!bytes.empty()) bytes[where % bytes.size()] = static_cast<char>(data[at]);
      ++at;
    } else if (what < 105) {
      bytes.resize(where % (bytes.size() + 1));
    } else if (what < 120) {
      if (wal.empty()) wal = base.wal;
      wal[where % wal.size()] = static_cast<char>(data[at++]);
    } else {
      std::string value;
      while (at < size && data[at] != 0) value += static_cast<char>(data[at++]);
      ++at;
      row = where;
      values.emplace_back((what - 120) % std::size(kColumns), value);
    }
  }
  write_bytes(base.path, bytes);
  std::filesystem::remove(base.path + "-shm");
  std::filesystem::remove(base.path + "-wal");
  if (!wal.empty()) write_bytes(base.path + "-wal", wal);
  for (const auto& [column, value] : values) set(base.path, kColumns[column], static_cast<int>(row), value);

  auto journal = open_journal(base.path, OpenMode::read_only);
  if (!journal) {
    if (journal.error().message.empty()) abort();
    return 0;
  }
  const auto problems = (*journal)->verify();
  const std::string read = test::everything(**journal);
  // Without its write-ahead file a journal may be an earlier one.
  if (problems && problems->empty() && wal.empty() && read != base.read) {
    std::cerr << "verify finds nothing, but what is read differs:\n" << base.read << "\n--- now\n" << read;
    abort();
  }
  return 0;
}
