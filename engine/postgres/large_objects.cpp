#include "engine/postgres/large_objects.hpp"

#include <fmt/format.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <charconv>
#include <map>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/postgres/catalogue.hpp"

namespace pgconvoy {
namespace {

using namespace asio::experimental::awaitable_operators;

// So many are made by one transaction: a comment locks its object until the end of it.
constexpr int kAtOnce = 1000;
constexpr std::size_t kMessage = 1 << 20;          // digits of contents in one statement, about
constexpr std::size_t kLiteral = 256 << 10;        // of one piece of an object: pages that follow each other
constexpr std::int64_t kPage = 2048;               // bytes (LOBLKSIZE)
constexpr Seconds kLimit{3600};

// Owner, and each grant: who gave it, to whom ("": everybody), what, and whether he may pass it on. Null: as for a new one.
constexpr const char* kObjects =
    "select m.oid, pg_get_userbyid(m.lomowner), case when m.lomacl is not null then coalesce((select json_agg(json_build_array(pg_get_userbyid(a.grantor), "
    "case when a.grantee <> 0 then pg_get_userbyid(a.grantee) else '' end, a.privilege_type, a.is_grantable) order by a.place) "
    "from aclexplode(m.lomacl) with ordinality a(grantor, grantee, privilege_type, is_grantable, place)), '[]')::text end, "
    "obj_description(m.oid, 'pg_largeobject') from pg_largeobject_metadata m where m.oid > $1::oid order by m.oid limit $2::integer";

// Those that are alike but for their numbers and contents.
struct Alike {
  std::string owner;
  Value grants;
  auto operator<=>(const Alike&) const = default;
};

std::string acting_as(const Session& session, const std::string& role) { return "set local session authorization " + session.quote_identifier(role) + "; "; }

// As the owner himself: then they are his.
std::string creation(const Session& session, const Alike& alike, const std::string& numbers) {
  std::string sql = acting_as(session, alike.owner) + fmt::format("select pg_catalog.lo_create(o) from unnest('{{{}}}'::pg_catalog.oid[]) o; ", numbers);
  if (!alike.grants) return sql;
  sql += fmt::format("revoke all on large object {} from {}; ", numbers, session.quote_identifier(alike.owner));
  for (const json& grant : json::parse(*alike.grants)) {
    const std::string grantee = grant.at(1).get<std::string>();
    sql += acting_as(session, grant.at(0).get<std::string>()) +
           fmt::format("grant {} on large object {} to {}{}; ", grant.at(2).get<std::string>(), numbers, grantee.empty() ? "public" : session.quote_identifier(grantee),
                       grant.at(3).get<bool>() ? " with grant option" : "");
  }
  return sql;
}

Task<Result<std::int64_t>> make_objects(Session& source, Session& target) {
  std::int64_t objects = 0;
  for (std::string last = "0";;) {
    std::vector<Value> parameters{last, std::to_string(kAtOnce)};
    CO_TRY(const Rows rows, co_await source.query(kObjects, std::move(parameters)));
    if (rows.empty()) co_return objects;
    std::map<Alike, std::string> numbers;
    std::string comments;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::string& list = numbers[{rows.text(i, 1), rows.rows[i][2]}];
      list += (list.empty() ? "" : ",") + rows.text(i, 0);
      if (rows.rows[i][3]) comments += fmt::format("comment on large object {} is {}; ", rows.text(i, 0), target.quote_literal(*rows.rows[i][3]));
    }
    std::string sql = "begin; ";
    for (const auto& [alike, list] : numbers) sql += creation(target, alike, list);
    sql += "set local session authorization default; " + comments + "commit";
    auto made = co_await target.script(std::move(sql), kLimit);
    if (!made) co_return std::move(made).error().within("large objects could not be made");
    objects += static_cast<std::int64_t>(rows.size());
    last = rows.text(rows.size() - 1, 0);
  }
}

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// What COPY sends of pages, as calls that write the same.
class Pieces {
 public:
  // "16401\t0\t\\\\x0a0b\n": object, page, and its bytes as COPY escapes them.
  void take(std::string_view line) {
    const auto first = line.find('\t'), second = line.find('\t', first + 1), data = second + 4;
    const std::string_view digits = line.substr(data, line.size() - 1 - data);
    const std::int64_t at = number_in(line.substr(first + 1, second - first - 1)) * kPage;
    if (line.substr(0, first) != object_) finish_object();
    object_ = line.substr(0, first);
    if (at != end_of_piece() || digits_.size() + digits.size() > kLiteral) {
      put();
      begin_ = at;
    }
    digits_ += digits;
    length_ = at + static_cast<std::int64_t>(digits.size() / 2);
    bytes_ += static_cast<std::int64_t>(digits.size() / 2);
  }
  // An object is as long as the last page says, also where that holds nothing.
  void finish_object() {
    put();
    if (written_ < length_) {
      begin_ = length_ - 1;
      digits_ = "00";
      put();
    }
    object_.clear();
    length_ = written_ = begin_ = 0;
  }
  bool is_enough() const { return values_.size() >= kMessage; }
  // The statement for what was taken so far but for the piece that may still grow; "" when there is none.
  std::string statement() {
    if (values_.empty()) return "";
    std::string sql = "select pg_catalog.lo_put(o, p, d) from (values " + values_ + ") v(o, p, d)";
    values_.clear();
    return sql;
  }
  std::int64_t bytes() const { return bytes_; }

 private:
  std::int64_t end_of_piece() const { return begin_ + static_cast<std::int64_t>(digits_.size() / 2); }
  void put() {
    if (!digits_.empty()) {
      values_ += fmt::format("{}('{}'::oid, {}::bigint, '\\x{}'::bytea)", values_.empty() ? "" : ", ", object_, begin_, digits_);
      written_ = std::max(written_, end_of_piece());
    }
    digits_.clear();
  }

  std::string object_, digits_, values_;
  std::int64_t begin_ = 0, length_ = 0, written_ = 0, bytes_ = 0;
};

struct Sending {
  Session& target;
  std::uint64_t seed;
  std::function<void(std::int64_t)> progress;
  LargeObjectLines lines;
  Pieces pieces;
  RowSum sum;

  void add(std::string_view line) { sum.add(hash_row(line, seed), line.size()); }
};

Task<Result<void>> write(Sending& sending) {
  std::string sql = sending.pieces.statement();
  if (sql.empty()) co_return Result<void>();
  auto written = co_await sending.target.script(std::move(sql), kLimit);
  if (!written) co_return std::move(written).error().within("the contents of large objects could not be written");
  if (sending.progress) sending.progress(sending.pieces.bytes());
  co_return Result<void>();
}

// A piece is whole rows.
Task<Result<void>> take_pages(Sending& sending, std::string piece) {
  for (std::string_view rest = piece; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    sending.lines.feed(line, [&](std::string_view as_compared) { sending.add(as_compared); });
    sending.pieces.take(line);
    if (sending.pieces.is_enough()) CO_TRY_VOID(co_await write(sending));
  }
  co_return Result<void>();
}

// Owners and privileges, then pages: what a comparison of two databases without tables comes to.
std::vector<ContentItem> items_of(const Session& source, const Session& target) {
  const Dialect ours{source.server_version(), target.server_version(), true, {}, true}, theirs{target.server_version(), source.server_version(), false, {}, true};
  return plan_content({}, {}, ours, theirs);
}

Task<Result<std::vector<RowSum>>> sums_of(Session& session, std::vector<ContentItem> items, std::uint64_t seed, Side side) {
  auto run = std::make_shared<ContentRun>();
  run->items = std::move(items);
  run->seed = seed;
  co_return co_await sum_content(session, run, side);
}

}  // namespace

Task<Result<SentLargeObjects>> transfer_large_objects(Session& source, Session& target, std::uint64_t seed, std::function<void(std::int64_t bytes)> progress) {
  SentLargeObjects sent;
  CO_TRY(sent.objects, co_await make_objects(source, target));
  Sending sending{target, seed, std::move(progress), {}, {}, {}};
  CopyTaker taker = [&sending](std::string piece) { return take_pages(sending, std::move(piece)); };
  CO_TRY_VOID(co_await source.copy_out_pieces(items_of(source, target).back().source_sql, std::move(taker)));
  sending.lines.finish([&](std::string_view as_compared) { sending.add(as_compared); });
  sending.pieces.finish_object();
  CO_TRY_VOID(co_await write(sending));
  sent.bytes = sending.pieces.bytes();
  sent.content = sending.sum;
  co_return sent;
}

Task<Result<void>> prove_large_objects(const SentLargeObjects& sent, Session& source, Session& target, std::uint64_t seed) {
  const std::vector<ContentItem> items = items_of(source, target);
  auto here = sums_of(target, items, seed, Side::target);
  auto there = sums_of(source, {items.front()}, seed, Side::source);
  auto [ours, theirs] = co_await (std::move(there) && std::move(here));
  if (!ours) co_return std::move(ours).error();
  if (!theirs) co_return std::move(theirs).error();
  const bool owners = ours->front() == theirs->front(), content = sent.content == theirs->back();
  if (owners && content && ours->front().rows == sent.objects) co_return Result<void>();
  auto run = std::make_shared<ContentRun>();
  run->items = items;
  run->seed = seed;
  std::string where;
  if (!owners || !content) {
    CO_TRY(where, co_await locate_differences(source, target, run, owners ? 1 : 0));
  }
  co_return Error(ErrorKind::corrupt, fmt::format("the large objects of the new database are not those of the old one: {}{}{}", owners && content ? "their number" : owners ? "content" : "owners and privileges",
                                                  where.empty() ? "" : ", ", where))
      .on(target.server());
}

}  // namespace pgconvoy
