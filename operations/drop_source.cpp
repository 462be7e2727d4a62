#include "operations/drop_source.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(DropOrder, instance, server, database, fenced_name, system_identifier, oid)

Task<Result<void>> drop_source(Provisioner& provisioner, CallIdentity who, Session& maintenance, DropOrder order, OpenDatabase open) {
  ExactDatabase which{order.fenced_name, order.oid, order.system_identifier};
  CO_TRY_VOID(co_await drop_subscriptions(maintenance, std::move(which), std::move(open)));
  co_return co_await provisioner.drop_database(who, maintenance, order.fenced_name, order.oid, order.system_identifier);
}

}  // namespace pgconvoy
