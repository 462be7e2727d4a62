#include "operations/drop_source.hpp"

#include <fmt/format.h>

#include "operations/subscriptions.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(DropOrder, instance, server, database, fenced_name, system_identifier, oid)

Task<Result<void>> drop_source(Provisioner& provisioner, CallIdentity who, SessionFactory& sessions, ConnectionSpec inside,
                               Session& maintenance, DropOrder order) {
  ForgetOrder forget{order.fenced_name, order.oid, fmt::format("pgconvoy/{}/t{}/e{}", who.run, who.target, who.epoch)};
  CO_TRY_VOID(co_await forget_subscriptions(sessions, std::move(inside), maintenance, std::move(forget)));
  co_return co_await provisioner.drop_database(who, maintenance, order.fenced_name, order.oid, order.system_identifier);
}

}  // namespace pgconvoy
