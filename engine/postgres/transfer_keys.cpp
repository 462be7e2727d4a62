// Foreign keys, on several sessions at a time.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

#include "engine/postgres/transfer.hpp"

namespace pgconvoy {
namespace {

using namespace asio::experimental::awaitable_operators;

constexpr std::size_t kKeysAtOnce = 16;   // in one transaction
constexpr Seconds kKeysLimit{24 * 3600};

// What all lanes share. Adding a key locks both tables until its transaction ends.
struct Keys {
  explicit Keys(asio::any_io_executor executor) : changed(std::move(executor), SteadyTime::max()) {}
  asio::steady_timer changed;  // never expires: cancelled when tables are free again
  std::vector<const ForeignKey*> left;
  std::set<std::string> locked;
  bool failed = false;

  // Of one owner, no table of them locked; in their order.
  std::vector<const ForeignKey*> take(std::size_t most) {
    std::vector<const ForeignKey*> taken;
    std::set<std::string> mine;
    for (const ForeignKey* key : left) {
      if (taken.size() == most) break;
      if (locked.contains(key->table) || locked.contains(key->parent)) continue;
      if (!taken.empty() && taken.front()->owner != key->owner) continue;
      taken.push_back(key);
      mine.insert({key->table, key->parent});
    }
    std::erase_if(left, [&](const ForeignKey* key) { return std::find(taken.begin(), taken.end(), key) != taken.end(); });
    locked.merge(mine);
    return taken;
  }
  void give_back(const std::vector<const ForeignKey*>& taken) {
    for (const ForeignKey* key : taken) {
      locked.erase(key->table);
      locked.erase(key->parent);
    }
    changed.cancel();
  }
  Task<void> wait() {
    boost::system::error_code ignored;
    co_await changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
};

Task<Result<void>> add_some(TransferLane& lane, std::vector<const ForeignKey*> keys) {
  CO_TRY(Session * target, co_await lane.target(keys.front()->owner));
  std::string sql;
  for (const ForeignKey* key : keys) sql += key->sql;
  auto added = co_await target->script(std::move(sql), kKeysLimit);
  if (added) co_return Result<void>();
  std::string tables;
  for (const ForeignKey* key : keys) tables += (tables.empty() ? "" : ", ") + key->table;
  co_return std::move(added).error().within(fmt::format("foreign keys of {} could not be added", tables));
}

Task<Result<void>> add_in_lane(Keys& keys, TransferLane& lane, std::size_t lanes) {
  while (!keys.left.empty() && !keys.failed) {
    auto taken = keys.take(std::clamp<std::size_t>(keys.left.size() / (2 * lanes), 1, kKeysAtOnce));
    if (taken.empty()) {
      co_await keys.wait();
      continue;
    }
    auto added = co_await add_some(lane, taken);
    keys.failed |= !added;
    keys.give_back(taken);
    if (!added) co_return added;
  }
  co_return Result<void>();
}

Task<Result<void>> add_in_lanes(Keys& keys, std::vector<TransferLane>& lanes, std::size_t first) {
  if (first + 1 == lanes.size()) co_return co_await add_in_lane(keys, lanes[first], lanes.size());
  auto one = add_in_lane(keys, lanes[first], lanes.size());
  auto others = add_in_lanes(keys, lanes, first + 1);
  auto [left, right] = co_await (std::move(one) && std::move(others));
  if (!left) co_return std::move(left).error();
  co_return std::move(right);
}

}  // namespace

Task<Result<void>> add_foreign_keys(const std::vector<ForeignKey>& keys, std::vector<TransferLane> lanes) {
  Keys work(co_await asio::this_coro::executor);
  for (const ForeignKey& key : keys) work.left.push_back(&key);
  co_return co_await add_in_lanes(work, lanes, 0);
}

}  // namespace pgconvoy
