#include "engine/facts/collation_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/facts/part.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(UsedCollation, name, provider, locale, deterministic, partitioned, exclusions, bounds, indexes)
PGCONVOY_JSON_FIELDS(CollationOrder, collation, compared_with, not_compared_because, strings, apart, first, second, bounds_reordered,
                     bounds_crossed)

std::string used_collations_sql(int version) {
  const char* locale = version >= 170000   ? "coalesce(c.colllocale, c.collcollate)"
                       : version >= 150000 ? "coalesce(c.colliculocale, c.collcollate)"
                                           : "c.collcollate";
  const char* provider = version >= 150000 ? "d.datlocprovider" : "'c'";
  const char* database_locale = version >= 170000   ? "coalesce(d.datlocale, d.datcollate)"
                                : version >= 150000 ? "coalesce(d.daticulocale, d.datcollate)"
                                                    : "d.datcollate";
  return fmt::format(R"sql((
  with indexed as (
    select i.indexrelid, i.indrelid, k.coll from pg_index i, unnest(i.indcollation) k(coll)
     where i.indexrelid >= 16384 and k.coll <> 0),
  ranges as (
    select p.partrelid, k.coll from pg_partitioned_table p, unnest(p.partcollation) k(coll)
     where p.partstrat = 'r' and k.coll <> 0),
  used as (
    select coll from indexed union select coll from ranges
    union select a.attcollation from pg_attribute a join pg_class r on r.oid = a.attrelid
     where r.oid >= 16384 and r.relkind in ('r', 'p', 'm', 'f') and a.attcollation <> 0 and not a.attisdropped
    union select rngcollation from pg_range where rngtypid >= 16384 and rngcollation <> 0),
  named as (
    select c.oid, case when c.collprovider = 'd' then '' else c.oid::regcollation::text end as name,
           case when c.collprovider = 'd' then {1} else c.collprovider end as provider,
           case when c.collprovider = 'd' then {2} else {0} end as locale, c.collisdeterministic as deterministic
      from pg_collation c, pg_database d where c.oid = any (array(select coll from used)) and d.datname = current_database())
  select coalesce(json_agg(u), '[]') from (
    select n.name, n.provider, n.locale, n.deterministic,
           (select count(distinct x.indexrelid) from indexed x where x.coll = n.oid) as indexes,
           (select coalesce(json_agg(t), '[]') from (select distinct r.partrelid::regclass::text as t from ranges r
                                                      where r.coll = n.oid order by 1 limit 20) s) as partitioned,
           (select coalesce(json_agg(t), '[]') from (select distinct k.conrelid::regclass || ' ' || quote_ident(k.conname) as t from pg_constraint k
                                                      where k.contype = 'x' and k.conindid in (select x.indexrelid from indexed x where x.coll = n.oid) order by 1 limit 20) s) as exclusions,
           (select coalesce(json_agg(b), '[]') from (select distinct replace(m[1], '''''', '''') as b from ranges r
                                                       join pg_inherits h on h.inhparent = r.partrelid join pg_class p on p.oid = h.inhrelid,
                                                            regexp_matches(pg_get_expr(p.relpartbound, p.oid), '''((?:[^'']|'''')*)''', 'g') m
                                                      where r.coll = n.oid order by 1 limit 200) s) as bounds
      from named n where n.locale not in ('C', 'POSIX') order by n.name limit 30) u))sql",
                     locale, provider, database_locale);
}

namespace {

// Letters, digits, punctuation, case, accents, scripts: where orders of libc and ICU were seen to change.
const std::vector<std::string>& strings_to_sort() {
  static const std::vector<std::string> strings = [] {
    std::vector<std::string> made;
    for (char c = ' '; c <= '~'; ++c) made.emplace_back(1, c);
    for (char c = ' '; c <= '/'; ++c) made.push_back(std::string("a") + c + "b");
    for (const char* word :
         {"", "aa", "aA", "Aa", "AA", "ab", "Ab", "aab", "a1", "a10", "a2", "1a", "10", "2", "02", "1.5", "1,5", "1-5", "-1", "+1", "co-op", "coop", "CO-OP",
          "co op", "co_op", "Coop", "ch", "cz", "dz", "ll", "lz", "nj", "ss", "SS", "s s", "zz", "ij", "resume", "Resume", "v", "w", "vw", "wv", "()", "(a)",
          "\"a\"", "'a'", "<a>", "a!", "a?", "a.", " a", "a ", "a  b", "\ta", "a\tb"})
      made.emplace_back(word);
    for (const char* word :
         {"á", "à", "â", "ä", "å", "ã", "Á", "Ä", "Å", "æ", "Æ", "ç", "č", "ð", "é", "è", "ê", "ë", "É", "ě", "ğ", "ı", "İ", "í", "î", "ï", "ł", "ñ", "Ñ", "ň",
          "ó", "ò", "ô", "ö", "ø", "Ö", "Ø", "œ", "ř", "š", "ş", "ß", "ẞ", "ú", "ü", "ů", "Ü", "ý", "ÿ", "ž", "þ", "résumé", "Résumé", "straße", "strasse",
          "e\u0301", "a\u0308", "n\u0303", "o\u0308z", "\u00a0a", "a\u00ad" "b", "\u200b" "a", "…", "–", "—", "‘a’", "“a”", "«a»", "€", "£", "§", "°", "½", "²", "№", "™",
          "α", "Ω", "ω", "ά", "а", "б", "е", "ё", "Ё", "й", "я", "і", "א", "ב", "ا", "ب", "अ", "क", "ก", "ข", "あ", "ア", "ｱ", "か", "が", "日", "本", "中", "国",
          "日本", "가", "각", "힣", "한", "☃", "😀", "😃", "👍🏽", "ﬁ", "ａ", "１"})
      made.emplace_back(word);
    return made;
  }();
  return strings;
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Places of the strings, in their order.
Task<Result<std::vector<int>>> sorted_by(Session& session, std::string collation, std::vector<std::string> strings) {
  std::string sql = fmt::format("select coalesce(json_agg(n - 1 order by s{}, n), '[]') from json_array_elements_text($1::json) with ordinality v(s, n)",
                                collation.empty() ? "" : " collate " + collation);
  std::vector<Value> parameters{json(strings).dump()};
  CO_TRY(const Rows rows, co_await session.query(std::move(sql), std::move(parameters)));
  co_return json::parse(rows.text(0, 0)).get<std::vector<int>>();
}

// The same collation in the maintenance database of the target; "" when there is none. In pg_catalog are those of initdb, and those that were
// imported after it. SQL compares spellings: en_US.UTF-8 is en_US.utf8, en-US is en_US.
Task<Result<std::string>> same_there(Session& session, UsedCollation wanted) {
  const int version = session.server_version();
  std::string sql = fmt::format(
      "select c.oid::regcollation::text from pg_collation c where c.collprovider = $1 and c.collisdeterministic and c.collnamespace = 'pg_catalog'::regnamespace "
      "and lower(translate({}, '-_', '')) = lower(translate($2, '-_', '')) "
      "and c.collencoding in (-1, pg_char_to_encoding(getdatabaseencoding())) order by c.oid limit 1",
      version >= 170000   ? "coalesce(c.colllocale, c.collcollate)"
      : version >= 150000 ? "coalesce(c.colliculocale, c.collcollate)"
                          : "c.collcollate");
  std::vector<Value> parameters{wanted.provider, wanted.locale};
  CO_TRY(const Rows rows, co_await session.query(std::move(sql), std::move(parameters)));
  co_return rows.empty() ? std::string() : rows.text(0, 0);
}

struct OrderHere {
  std::string collation;
  std::vector<int> order;
  std::string not_known_because;
};

// By server and what is asked of it. Only the loop's thread comes here.
using OrderKey = std::tuple<std::string, std::string, std::string, bool, std::vector<std::string>>;
std::map<OrderKey, OrderHere>& known_orders() {
  static std::map<OrderKey, OrderHere> known;
  return known;
}

// Sessions are opened when they are needed.
class BothServers {
 public:
  explicit BothServers(const InquiryContext& context) : context_(context) {}

  Task<Result<OrderHere>> on_source(UsedCollation collation, std::vector<std::string> strings) {
    OrderKey key{context_.source().server, collation.provider, collation.locale, collation.deterministic, strings};
    if (const auto known = known_orders().find(key); known != known_orders().end()) co_return known->second;
    if (!source_) {
      SessionOptions options = reading();
      CO_TRY(source_, co_await context_.open_source(context_.database().database, std::move(options)));
    }
    OrderHere here;
    here.collation = collation.name;
    auto sorted = co_await sorted_by(*source_, collation.name, std::move(strings));
    if (!sorted && !source_->usable()) co_return std::move(sorted).error();
    if (sorted)
      here.order = *std::move(sorted);
    else
      here.not_known_because = sorted.error().message;
    known_orders()[std::move(key)] = here;
    co_return here;
  }

  Task<Result<OrderHere>> on_target(UsedCollation collation, std::vector<std::string> strings) {
    OrderKey key{context_.target_server().server, collation.provider, collation.locale, true, strings};
    if (const auto known = known_orders().find(key); known != known_orders().end()) co_return known->second;
    if (!target_) {
      SessionOptions options = reading();
      CO_TRY(target_, co_await context_.open_target("", std::move(options)));
    }
    OrderHere here;
    CO_TRY(here.collation, co_await same_there(*target_, collation));
    if (here.collation.empty()) {
      here.not_known_because = "there is no such collation in the maintenance database of the target server";
    } else {
      auto sorted = co_await sorted_by(*target_, here.collation, std::move(strings));
      if (!sorted && !target_->usable()) co_return std::move(sorted).error();
      if (sorted)
        here.order = *std::move(sorted);
      else
        here.not_known_because = sorted.error().message;
    }
    known_orders()[std::move(key)] = here;
    co_return here;
  }

 private:
  static SessionOptions reading() {
    SessionOptions options;
    options.application_name = "pgconvoy/facts";
    options.statement_limit = Seconds(30);
    options.settings = {{"default_transaction_read_only", "on"}};
    return options;
  }

  const InquiryContext& context_;
  SessionPtr source_, target_;
};

}  // namespace

void compare_orders(CollationOrder& order, const std::vector<std::string>& strings, std::size_t bounds, const std::vector<int>& source,
                    const std::vector<int>& target) {
  order.strings = static_cast<int>(strings.size());
  std::vector<std::size_t> place(strings.size());
  for (std::size_t i = 0; i < target.size(); ++i) place.at(static_cast<std::size_t>(target[i])) = i;
  const auto turned = [&](std::size_t before, std::size_t after) {
    return place[static_cast<std::size_t>(source[before])] > place[static_cast<std::size_t>(source[after])];
  };
  const auto is_bound = [&](std::size_t at) { return static_cast<std::size_t>(source[at]) >= strings.size() - bounds; };
  for (std::size_t i = 1; i < source.size(); ++i)
    if (turned(i - 1, i)) {
      if (order.apart++ == 0) {
        order.first = strings[static_cast<std::size_t>(source[i - 1])];
        order.second = strings[static_cast<std::size_t>(source[i])];
      }
    }
  for (std::size_t i = 0; bounds > 0 && order.apart > 0 && i < source.size(); ++i) {
    if (!is_bound(i)) continue;
    for (std::size_t j = 0; j < source.size(); ++j)
      if (j != i && turned(std::min(i, j), std::max(i, j))) (is_bound(j) ? order.bounds_reordered : order.bounds_crossed) = true;
  }
}

Task<Result<json>> read_collation_order(const InquiryContext& context) {
  std::vector<CollationOrder> orders;
  const auto& parts = context.database().parts;
  if (const std::string why = unreadable(parts, kUsedCollationsPart); !why.empty()) co_return Error(ErrorKind::sql, why);
  if (!context.target_server().reachable) co_return Error(ErrorKind::unreachable, context.target_server().unreachable_because);
  const auto used = part<std::vector<UsedCollation>>(parts, kUsedCollationsPart);
  BothServers servers(context);
  for (const UsedCollation& collation : *used) {
    CollationOrder order;
    order.collation = collation;
    std::vector<std::string> strings = strings_to_sort();
    // Only what a database of any encoding can hold.
    if (context.database().encoding != "UTF8") std::erase_if(strings, [](const std::string& text) { return !is_ascii(text); });
    strings.insert(strings.end(), collation.bounds.begin(), collation.bounds.end());
    CO_TRY(const OrderHere here, co_await servers.on_source(collation, strings));
    CO_TRY(const OrderHere there, co_await servers.on_target(collation, strings));
    order.compared_with = there.collation;
    order.not_compared_because = !here.not_known_because.empty() ? here.not_known_because : there.not_known_because;
    if (order.not_compared_because.empty()) compare_orders(order, strings, collation.bounds.size(), here.order, there.order);
    orders.push_back(std::move(order));
  }
  co_return json(orders);
}

}  // namespace pgconvoy
