#include "operations/lossless.hpp"

#include <fmt/format.h>

#include "engine/postgres/compare.hpp"
#include "operations/database_fence.hpp"
#include "operations/memberships.hpp"

namespace pgconvoy {
namespace {

std::string shorten(const std::vector<Difference>& differences) {
  std::string text;
  for (std::size_t i = 0; i < differences.size() && i < 3; ++i)
    text += fmt::format("{}{} {}", i ? ", " : "", differences[i].kind, differences[i].object);
  if (differences.size() > 3) text += fmt::format(" and {} more", differences.size() - 3);
  return text;
}

}  // namespace

Task<Result<void>> must_lose_nothing(StepContext& context, FenceIntent old_side, ReprovisionIntent new_side,
                                     std::int64_t new_oid) {
  CO_TRY(Session * maintenance, co_await context.maintenance(new_side.server));
  std::vector<std::string> owner{new_side.owner};
  CO_TRY_VOID(co_await take_memberships(*maintenance, owner));
  FenceOrder fence;
  fence.oid = new_oid;
  fence.from = new_side.final_name;
  fence.to = new_side.temporary_name;
  fence.take_over = true;
  CO_TRY(FenceResult fenced, co_await fence_database(*maintenance, fence));
  (void)fenced;
  if (context.work.accept_data_loss) co_return Result<void>();
  SessionOptions options;
  options.application_name = context.application_name();
  CO_TRY(auto old_session, co_await context.open(old_side.server, old_side.fenced_name, options));
  CO_TRY(auto new_session, co_await context.open(new_side.server, new_side.temporary_name, options));
  CompareOptions compare;
  CO_TRY(Comparison result, co_await compare_databases(*old_session, *new_session, compare));
  if (result.equal()) co_return Result<void>();
  Error different(ErrorKind::conflict,
                  fmt::format("the new database \"{}\" was written to after it was enabled and differs from the old one: {}",
                              new_side.final_name, shorten(result.differences)),
                  "both databases are fenced and complete; an app that we control is stopped behind its page");
  co_return std::move(different).on(new_side.server);
}

}  // namespace pgconvoy
