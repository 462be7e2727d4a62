#include "operations/prepared_rest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

#include "engine/postgres/catalogue.hpp"
#include "operations/private_files.hpp"

namespace pgconvoy {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TransferTable, name, owner, read_sql, write_sql, check_sql, whole_sql, size, clear_sql, frozen_sql, binary, analyze)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TransferPlan, tables, sequences)

namespace {

// "3210; 2606 16390 CONSTRAINT public t t_pkey owner": number, catalogue, oid.
std::array<std::int64_t, 3> numbers_of_entry(const std::string& line) {
  std::array<std::int64_t, 3> numbers{};
  const char *at = line.data(), *end = at + line.size();
  for (std::int64_t& number : numbers) {
    while (at != end && (*at == ' ' || *at == ';')) ++at;
    at = std::from_chars(at, end, number).ptr;
  }
  return numbers;
}

bool is_index(const ArchiveEntry& entry) { return entry.type == "INDEX" || entry.type == "CONSTRAINT"; }

class Sorting {
 public:
  Sorting(const Script& of_tenants, const Script& of_administrator, const std::vector<PlaceOfEntry>& places) : of_tenants_(of_tenants), of_administrator_(of_administrator) {
    for (const PlaceOfEntry& place : places) places_.emplace(std::pair(place.catalogue, place.oid), &place);
  }

  bool is_late(const ArchiveEntry& entry) const {
    const PlaceOfEntry* place = is_index(entry) ? place_of(entry) : nullptr;
    return place != nullptr && place->ordinary && place->size > kIndexesLater;
  }
  // Its text, where that is of the very same object.
  const std::string* text_of(const ArchiveEntry& entry) const {
    const auto numbers = numbers_of_entry(entry.line);
    const bool tenant = may_be_made_by_tenant(entry) && !entry.owner.empty();
    if (!tenant && !may_be_made_by_administrator(entry)) return nullptr;
    const Script& script = tenant ? of_tenants_ : of_administrator_;
    const auto found = script.find(static_cast<int>(numbers[0]));
    const bool same = found != script.end() && found->second.catalogue == numbers[1] && found->second.oid == numbers[2];
    return same && !found->second.sql.empty() ? &found->second.sql : nullptr;
  }
  const PlaceOfEntry* place_of(const ArchiveEntry& entry) const {
    const auto numbers = numbers_of_entry(entry.line);
    const auto found = places_.find(std::pair(numbers[1], numbers[2]));
    return found == places_.end() ? nullptr : found->second;
  }

 private:
  const Script &of_tenants_, &of_administrator_;
  std::map<std::pair<std::int64_t, std::int64_t>, const PlaceOfEntry*> places_;
};

json as_json(const std::vector<ArchiveEntry>& entries) {
  json list = json::array();
  for (const ArchiveEntry& entry : entries) list.push_back({entry.line, entry.type, entry.owner, static_cast<int>(entry.pass)});
  return list;
}

std::vector<ArchiveEntry> entries_from(const json& list) {
  std::vector<ArchiveEntry> entries;
  for (const json& each : list)
    entries.push_back({each.at(0).get<std::string>(), each.at(1).get<std::string>(), each.at(2).get<std::string>(), static_cast<Pass>(each.at(3).get<int>())});
  return entries;
}

}  // namespace

bool comes_before_rows(const ArchiveEntry& entry, bool late) {
  switch (entry.pass) {
    case Pass::schemas:
    case Pass::define:
    case Pass::define_as_tenant:
    case Pass::attach:
      return true;
    case Pass::administrator:
    case Pass::load:
    case Pass::attach_indexes:
      if (entry.type == "TABLE ATTACH") return true;
      // A check of its own is one that isn't valid for all rows: new rows would be checked.
      return !late && (is_index(entry) || entry.type == "INDEX ATTACH");
    default:
      return false;
  }
}

bool may_be_made_by_tenant(const ArchiveEntry& entry) {
  return (entry.pass == Pass::load && is_index(entry)) || (entry.pass == Pass::link && entry.type == "FK CONSTRAINT");
}

bool may_be_made_by_administrator(const ArchiveEntry& entry) { return entry.pass == Pass::privileges && entry.type == "ACL"; }

PreparedRest sort_entries(std::vector<ArchiveEntry> entries, const Script& of_tenants, const Script& of_administrator, const std::vector<PlaceOfEntry>& places) {
  const Sorting sorting(of_tenants, of_administrator, places);
  const auto is_privilege = [](const ArchiveEntry& entry) { return entry.pass == Pass::privileges; };
  // They build on each other: all or none.
  const bool privileges = std::all_of(entries.begin(), entries.end(), [&](const ArchiveEntry& entry) { return !is_privilege(entry) || sorting.text_of(entry) != nullptr; });
  // Which index a part is attached to isn't told by the archive's list: all wait when one does.
  const bool some_late = std::any_of(entries.begin(), entries.end(), [&](const ArchiveEntry& entry) { return sorting.is_late(entry); });
  PreparedRest rest;
  for (ArchiveEntry& entry : entries) {
    const bool late = entry.type == "INDEX ATTACH" ? some_late : sorting.is_late(entry);
    if (comes_before_rows(entry, late)) {
      rest.before.push_back(std::move(entry));
      continue;
    }
    const std::string* text = sorting.text_of(entry);
    if (is_privilege(entry) && privileges) {
      rest.privileges += *text;
      continue;
    }
    const PlaceOfEntry* place = sorting.place_of(entry);
    if (text == nullptr || place == nullptr || !place->ordinary)
      rest.after.push_back(std::move(entry));
    else if (entry.pass == Pass::link)
      rest.keys.push_back({place->table, place->parent, entry.owner, *text});
    else
      rest.tables[place->table] += *text;
  }
  return rest;
}

Task<Result<std::vector<PlaceOfEntry>>> read_places(Session& source) {
  const std::string sql =
      "select 1259, i.indexrelid, format('%I.%I', n.nspname, c.relname), '', coalesce(pg_relation_size(c.oid), 0), c.relkind = 'r' "
      "from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace "
      "where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')) and " +
      catalogue::user_schema("n") +
      " union all select 2606, k.oid, format('%I.%I', n.nspname, c.relname), case when p.oid is null then '' else format('%I.%I', m.nspname, p.relname) end, "
      "coalesce(pg_relation_size(c.oid), 0), c.relkind = 'r' and coalesce(p.relkind = 'r', true) "
      "from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace "
      "left join pg_class p on p.oid = k.confrelid left join pg_namespace m on m.oid = p.relnamespace "
      "where k.contype in ('p', 'u', 'x', 'f') and " +
      catalogue::user_schema("n");
  CO_TRY(const Rows rows, co_await source.query(sql));
  std::vector<PlaceOfEntry> places;
  for (std::size_t i = 0; i < rows.size(); ++i)
    places.push_back({rows.number(i, 0), rows.number(i, 1), rows.text(i, 2), rows.text(i, 3), rows.number(i, 4), rows.truth(i, 5)});
  co_return places;
}

std::string rest_file(const std::string& definitions) { return definitions + ".rest"; }

Result<void> write_rest(const std::string& definitions, const PreparedRest& rest) {
  json text{{"plan", rest.plan}, {"tables", rest.tables}, {"privileges", rest.privileges}, {"after", as_json(rest.after)}, {"keys", json::array()}};
  for (const ForeignKey& key : rest.keys) text["keys"].push_back({key.table, key.parent, key.owner, key.sql});
  TRY_VOID(make_private_file(rest_file(definitions)));
  std::ofstream file(rest_file(definitions), std::ios::binary);
  // Names come as the database encodes them, which need not be UTF-8.
  const std::vector<std::uint8_t> bytes = json::to_cbor(text);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return Error(ErrorKind::io, fmt::format("{} can't be written", rest_file(definitions)));
  return {};
}

Result<PreparedRest> read_rest(const std::string& definitions) {
  std::ifstream file(rest_file(definitions), std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return Error(ErrorKind::io, fmt::format("{} can't be read", rest_file(definitions)));
  try {
    const json read = json::from_cbor(text);
    PreparedRest rest;
    rest.plan = read.at("plan").get<TransferPlan>();
    rest.tables = read.at("tables").get<std::map<std::string, std::string>>();
    rest.privileges = read.at("privileges").get<std::string>();
    rest.after = entries_from(read.at("after"));
    for (const json& each : read.at("keys")) {
      const auto parts = each.get<std::array<std::string, 4>>();
      rest.keys.push_back({parts[0], parts[1], parts[2], parts[3]});
    }
    return rest;
  } catch (const json::exception&) {
    return Error(ErrorKind::corrupt, fmt::format("{} is not what was written", rest_file(definitions)));
  }
}

Result<void> remove_definitions(const std::string& definitions) {
  TRY_VOID(remove_file(rest_file(definitions)));
  return remove_file(definitions);
}

}  // namespace pgconvoy
