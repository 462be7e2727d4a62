#include "engine/postgres/recorded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/postgres/made_views.hpp"

namespace pgconvoy {
namespace {

constexpr Seconds kCatalogueLimit{600};

Task<Result<bool>> acts_as_superuser(Session& session) {
  CO_TRY(Rows rows, co_await session.query("select rolsuper from pg_roles where rolname = current_user"));
  co_return !rows.empty() && rows.truth(0, 0);
}

// The value is read by a query made from the name, as in the catalogue's own.
std::string sequence_values_sql() {
  return R"(
select format('%I.%I', n.nspname, c.relname) as sequence_name,
       substring(query_to_xml(format('select last_value || %L || is_called as v from %I.%I', ' ', n.nspname, c.relname), true, true, '')::text
                 from '<v>(.*)</v>') as sequence_value
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_depend ext on ext.classid = 'pg_class'::regclass and ext.objid = c.oid and ext.deptype = 'e'
 where c.relkind = 'S' and c.relpersistence <> 't' and )" +
         catalogue::user_schema("n") + R"(
   and (ext.objid is null or exists (select from pg_extension e where c.oid = any (e.extconfig)));
)";
}

SequenceValues values_in(const std::vector<Rows>& results) {
  SequenceValues values;
  for (const Rows& rows : results) {
    if (rows.columns.empty() || rows.columns.front() != "sequence_name") continue;
    for (std::size_t i = 0; i < rows.size(); ++i) values[rows.text(i, 0)] = rows.text(i, 1);
  }
  return values;
}

std::string reading_sql(const Dialect& dialect) {
  return comparison_settings(dialect) + catalogue_script(dialect) + content_tables_sql(dialect) + sequence_values_sql();
}

// "12 true"; one that was never used stands before its first value.
struct Place {
  bool known = false;
  std::int64_t value = 0;
  bool used = false;
  auto operator<=>(const Place&) const = default;
};

Place place_of(const std::string& text) {
  Place place;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), place.value);
  place.known = problem == std::errc();
  place.used = place.known && std::string_view(end) == " true";
  return place;
}

std::string in_words(const std::string& value) {
  const Place place = place_of(value);
  if (!place.known) return "no value";
  return fmt::format("last value {}{}", place.value, place.used ? "" : ", not used yet");
}

void compare_sequences(const SequenceValues& before, const SequenceValues& copy, const SequenceValues& now, Comparison& comparison) {
  for (const auto& [name, value] : copy) {
    const auto known = before.find(name);
    if (known == before.end()) continue;  // one that only the copy has is among the catalogue's differences
    const auto later = now.find(name);
    const std::string after = later == now.end() ? "" : later->second;
    if (is_between(known->second, value, after)) continue;
    comparison.differences.push_back({"sequence", name, in_words(known->second) + (after.empty() ? "" : ", by now " + in_words(after)),
                                      in_words(value)});
  }
}

void compare_sums(const RecordedDatabase& record, const std::vector<ContentItem>& items, const std::vector<RowSum>& sums,
                  Comparison& comparison) {
  std::map<std::pair<std::string, std::string>, const RecordedSum*> recorded;
  for (const RecordedSum& each : record.sums) recorded[{each.kind, each.name}] = &each;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto found = recorded.find({items[i].kind, items[i].name});
    if (found == recorded.end()) continue;
    const RowSum &ours = found->second->sum, &theirs = sums[i];
    if (items[i].kind == "rows") {
      comparison.tables[items[i].name] = {ours.rows, ours.bytes, ours.checksum()};
      comparison.rows += ours.rows;
      comparison.bytes += ours.bytes;
    } else if (!items[i].large_objects) {
      comparison.large_objects = ours.rows;
    }
    if (ours == theirs) continue;
    const char* what = items[i].kind == "rows" ? "rows" : items[i].large_objects ? "pages" : "objects";
    comparison.differences.push_back({items[i].kind, items[i].name,
                                      fmt::format("{} {}, checksum {}", with_separators(ours.rows), what, ours.checksum()),
                                      fmt::format("{} {}, checksum {}", with_separators(theirs.rows), what, theirs.checksum())});
  }
}

Task<Result<Comparison>> compare_inside_copy(Session& target, RecordedDatabase record, SequenceValues now, CompareOptions options) {
  CO_TRY(const bool may_all, co_await acts_as_superuser(target));
  if (target.server_version() != record.target_version || (record.superusers && !may_all))
    co_return Error(ErrorKind::conflict, fmt::format("the old database was recorded for a server of version {} and another administrator than there is on it now",
                                                     record.target_version / 10000))
        .on(target.server());
  const Dialect ours{record.version, record.target_version, true, options.ignore_roles, record.superusers, false};
  const Dialect theirs{record.target_version, record.version, false, options.ignore_roles, record.superusers, false};
  std::string sql = "begin transaction isolation level repeatable read, read only;\nset local idle_in_transaction_session_timeout = 0;\n" +
                    reading_sql(theirs);
  CO_TRY(const std::vector<Rows> results, co_await target.script(std::move(sql), kCatalogueLimit));
  Comparison comparison;
  auto catalogues = merge_catalogues(std::move(record.entries), catalogue_entries(results));
  comparison.differences = std::move(catalogues.differences);
  comparison.objects = catalogues.objects;
  compare_sequences(record.sequences, values_in(results), now, comparison);
  if (options.content && record.content) {
    auto run = std::make_shared<ContentRun>();
    run->items = plan_content(record.tables, content_tables(results), ours, theirs);
    run->seed = record.seed;
    run->progress = std::move(options.progress);
    run->told = Side::target;
    CO_TRY(const std::vector<RowSum> sums, co_await sum_content(target, run, Side::target));
    compare_sums(record, run->items, sums, comparison);
  }
  co_return std::move(comparison);
}

json entry_json(const CatalogueEntry& entry) { return json::array({entry.kind, entry.identity, entry.parent, entry.definition, entry.hidden}); }

CatalogueEntry entry_from(const json& value) {
  return {value.at(0).get<std::string>(), value.at(1).get<std::string>(), value.at(2).get<std::string>(), value.at(3).get<std::string>(),
          value.at(4).get<std::string>()};
}

json table_json(const ContentTable& table) {
  return json::array({table.name, table.columns, table.key, table.generated, table.condition, table.size});
}

ContentTable table_from(const json& value) {
  ContentTable table;
  table.name = value.at(0).get<std::string>();
  table.columns = value.at(1).get<std::vector<std::string>>();
  table.key = value.at(2).get<std::vector<std::string>>();
  table.generated = value.at(3).get<bool>();
  table.condition = value.at(4).get<std::string>();
  table.size = value.at(5).get<std::int64_t>();
  return table;
}

json sum_json(const RecordedSum& each) {
  return json::array({each.kind, each.name, each.large_objects, each.sum.high, each.sum.low, each.sum.rows, each.sum.bytes});
}

RecordedSum sum_from(const json& value) {
  RecordedSum each;
  each.kind = value.at(0).get<std::string>();
  each.name = value.at(1).get<std::string>();
  each.large_objects = value.at(2).get<bool>();
  each.sum.high = value.at(3).get<std::uint64_t>();
  each.sum.low = value.at(4).get<std::uint64_t>();
  each.sum.rows = value.at(5).get<std::int64_t>();
  each.sum.bytes = value.at(6).get<std::int64_t>();
  return each;
}

}  // namespace

bool is_between(const std::string& before, const std::string& copy, const std::string& after) {
  const Place first = place_of(before), at = place_of(copy);
  Place last = place_of(after);
  if (!at.known || !first.known) return first == at;
  if (!last.known) return true;
  return std::min(first, last) <= at && at <= std::max(first, last);
}

Task<Result<SequenceValues>> sequence_values(Session& session) {
  CO_TRY(const std::vector<Rows> results, co_await session.script(sequence_values_sql(), kCatalogueLimit));
  co_return values_in(results);
}

Task<Result<RecordedDatabase>> record_database(Session& source, RecordOptions options) {
  CO_TRY(const bool may_all, co_await acts_as_superuser(source));
  RecordedDatabase record;
  record.version = source.server_version();
  record.target_version = options.target_version;
  record.superusers = may_all && options.target_superuser;
  record.content = options.content;
  record.seed = random_seed();
  const Dialect ours{record.version, record.target_version, true, {}, record.superusers, false};
  CO_TRY(const std::vector<Rows> results, co_await source.script(reading_sql(ours), kCatalogueLimit));
  record.entries = catalogue_entries(results);
  record.tables = content_tables(results);
  record.sequences = values_in(results);
  if (!options.content) co_return std::move(record);
  auto run = std::make_shared<ContentRun>();
  run->items = plan_content(record.tables, record.tables, ours, ours);
  run->seed = record.seed;
  run->progress = std::move(options.progress);
  CO_TRY(const std::vector<RowSum> sums, co_await sum_content(source, run, Side::source));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const ContentItem& item = run->items[i];
    record.sums.push_back({item.kind, item.name, item.large_objects, sums[i]});
    if (item.kind != "rows") continue;
    record.rows += sums[i].rows;
    record.bytes += sums[i].bytes;
  }
  co_return std::move(record);
}

Task<Result<Comparison>> compare_with_record(Session& target, RecordedDatabase record, SequenceValues now, CompareOptions options) {
  std::vector<CatalogueEntry> source = record.entries;
  const Dialect theirs{record.target_version, record.version, false, options.ignore_roles, record.superusers, false};
  auto comparison = co_await compare_inside_copy(target, std::move(record), std::move(now), std::move(options));
  if (target.usable()) {
    auto ended = co_await target.script("rollback");
    if (comparison && !ended) co_return std::move(ended).error();
  }
  if (!comparison || !has_changed_views(comparison->differences)) co_return std::move(comparison);
  CO_TRY(const std::vector<Rows> results, co_await target.script("begin transaction isolation level repeatable read, read only;\n" + comparison_settings(theirs) + catalogue_script(theirs),
                                                                    kCatalogueLimit));
  CO_TRY_VOID(co_await target.script("rollback"));
  GrownObjects unknown;  // what the old server brings along isn't in the record
  std::vector<CatalogueEntry> there = catalogue_entries(results);
  CO_TRY(comparison->differences, co_await without_made_views(target, std::move(comparison->differences), std::move(source), std::move(there), std::move(unknown),
                                                             comparison_settings(theirs)));
  co_return std::move(comparison);
}

std::string to_bytes(const RecordedDatabase& record) {
  json value{{"version", record.version}, {"target_version", record.target_version}, {"superusers", record.superusers},
             {"content", record.content}, {"seed", record.seed},                     {"sequences", record.sequences},
             {"rows", record.rows},       {"bytes", record.bytes}};
  for (const char* list : {"entries", "tables", "sums"}) value[list] = json::array();
  for (const CatalogueEntry& entry : record.entries) value["entries"].push_back(entry_json(entry));
  for (const ContentTable& table : record.tables) value["tables"].push_back(table_json(table));
  for (const RecordedSum& each : record.sums) value["sums"].push_back(sum_json(each));
  const std::vector<std::uint8_t> bytes = json::to_cbor(value);
  return {bytes.begin(), bytes.end()};
}

Result<RecordedDatabase> record_from_bytes(const std::string& bytes) {
  try {
    const json value = json::from_cbor(bytes.begin(), bytes.end());
    RecordedDatabase record;
    record.version = value.at("version").get<int>();
    record.target_version = value.at("target_version").get<int>();
    record.superusers = value.at("superusers").get<bool>();
    record.content = value.at("content").get<bool>();
    record.seed = value.at("seed").get<std::uint64_t>();
    record.sequences = value.at("sequences").get<SequenceValues>();
    record.rows = value.at("rows").get<std::int64_t>();
    record.bytes = value.at("bytes").get<std::int64_t>();
    for (const json& entry : value.at("entries")) record.entries.push_back(entry_from(entry));
    for (const json& table : value.at("tables")) record.tables.push_back(table_from(table));
    for (const json& each : value.at("sums")) record.sums.push_back(sum_from(each));
    return record;
  } catch (const json::exception& damage) {
    return Error(ErrorKind::corrupt, fmt::format("the record of the old database can't be read: {}", damage.what()));
  }
}

}  // namespace pgconvoy
