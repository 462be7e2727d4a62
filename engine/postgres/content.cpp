#include "engine/postgres/content.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <random>

#include "engine/postgres/copy_rows.hpp"

namespace pgconvoy {

RowHash hash_row(std::string_view line, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(line.data(), line.size(), seed);
  return {hash.high64, hash.low64};
}

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

void RowSum::add(RowHash hash, std::size_t size) {
  low += hash.low;
  high += hash.high + (low < hash.low ? 1 : 0);
  ++rows;
  bytes += static_cast<std::int64_t>(size);
}

std::string RowSum::checksum() const { return fmt::format("{:016x}{:016x}", high, low); }

std::string with_separators(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0; place -= 3)
    digits.insert(static_cast<std::size_t>(place), ",");
  return digits;
}

void LargeObjectLines::feed(std::string_view line, const Emit& emit) {
  // "16401\t0\t\\\\x0a0b\n": object, page, and the bytes as COPY escapes them
  constexpr std::int64_t page_size = 2048;
  const auto first = line.find('\t'), second = line.find('\t', first + 1), data = second + 4;
  const auto object = line.substr(0, first);
  if (object != object_) {
    finish(emit);
    object_ = object;
  }
  auto digits = line.substr(data, line.size() - 1 - data);
  std::int64_t page = 0;
  for (const char c : line.substr(first + 1, second - first - 1)) page = page * 10 + (c - '0');
  length_ = page * page_size + static_cast<std::int64_t>(digits.size() / 2);
  while (digits.ends_with("00") && digits.size() % 2 == 0) digits.remove_suffix(2);
  if (digits.empty()) return;
  buffer_.assign(line.substr(0, data)).append(digits).push_back('\n');
  emit(buffer_);
}

void LargeObjectLines::finish(const Emit& emit) {
  if (object_.empty()) return;
  if (length_ == 0) {  // no page or an empty one: both are a large object without content
    object_.clear();
    return;
  }
  buffer_ = fmt::format("{}\tlength\t{}\n", object_, length_);
  emit(buffer_);
  object_.clear();
}

std::vector<std::vector<std::size_t>> batches(const std::vector<ContentItem>& items) {
  constexpr std::size_t most = 64;
  constexpr std::int64_t bytes = 32 << 20;
  std::vector<std::vector<std::size_t>> result;
  std::int64_t size = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    // Nothing shares a message with large objects: their lines are told apart by the item.
    const bool alone = items[i].large_objects || items[i].size >= bytes;
    if (result.empty() || alone || result.back().size() >= most || size + items[i].size > bytes) {
      result.emplace_back();
      size = 0;
    }
    result.back().push_back(i);
    size += alone ? bytes + 1 : items[i].size;
  }
  return result;
}

namespace {

const std::string& statement(const ContentItem& item, Side side) {
  return side == Side::source ? item.source_sql : item.target_sql;
}

}  // namespace

Task<Result<void>> read_item(Session& session, std::string sql, bool large_objects,
                             std::function<void(std::string_view)> consume) {
  if (!large_objects) {
    CopySink sink = [&consume](std::size_t, std::string_view line) { consume(line); };
    co_return co_await session.copy_out(std::move(sql), std::move(sink));
  }
  LargeObjectLines lines;
  CopySink sink = [&lines, &consume](std::size_t, std::string_view line) { lines.feed(line, consume); };
  CO_TRY_VOID(co_await session.copy_out(std::move(sql), std::move(sink)));
  lines.finish(consume);
  co_return Result<void>();
}

Task<Result<std::vector<RowSum>>> sum_content(Session& session, std::shared_ptr<ContentRun> run, Side side) {
  std::vector<RowSum> sums(run->items.size());
  std::int64_t rows = 0, bytes = 0, told = 0;
  constexpr std::int64_t tell_every = 4 << 20;
  const auto add = [&](RowSum& sum, std::string_view line) {
    sum.add(hash_row(line, run->seed), line.size());
    ++rows;
    bytes += static_cast<std::int64_t>(line.size());
    if (side == run->told && run->progress && bytes - told >= tell_every) run->progress(rows, told = bytes);
  };
  for (const auto& batch : batches(run->items)) {
    if (run->stop) break;
    Result<void> read;
    if (run->items[batch.front()].large_objects) {
      std::function<void(std::string_view)> consume = [&](std::string_view line) { add(sums[batch.front()], line); };
      read = co_await read_item(session, statement(run->items[batch.front()], side), true, std::move(consume));
    } else {
      std::string sql;
      for (const auto item : batch) sql += statement(run->items[item], side) + ";\n";
      std::vector<CopyRows> rows_of;
      for (const auto item : batch) rows_of.emplace_back(run->items[item].binary);
      CopySink sink = [&](std::size_t number, std::string_view piece) {
        rows_of[number].feed(piece, [&](std::string_view row) { add(sums[batch[number]], row); });
      };
      read = co_await session.copy_out(std::move(sql), std::move(sink));
      for (std::size_t number = 0; read && number < batch.size(); ++number)
        if (rows_of[number].broken())
          read = Error(ErrorKind::corrupt, fmt::format("what the server sent of {} is not in its binary format", run->items[batch[number]].name)).on(session.server());
    }
    if (!read) {
      run->stop = true;
      co_return std::move(read).error();
    }
  }
  if (side == run->told && run->progress) run->progress(rows, bytes);
  co_return std::move(sums);
}

}  // namespace pgconvoy
