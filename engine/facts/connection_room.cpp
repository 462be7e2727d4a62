#include "engine/facts/connection_room.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(ConnectionRoomFact, limit, reserved, taken, superuser, own_limit, own_taken)

int ConnectionRoomFact::free() const {
  const int of_server = std::max(0, limit - (superuser ? 0 : reserved) - taken);
  if (superuser || own_limit < 0) return of_server;
  return std::min(of_server, std::max(0, own_limit - own_taken));
}

std::string connection_room_sql(int version) {
  // Senders of WAL count among max_connections until 11.
  return fmt::format(R"sql((
  select json_build_object(
    'limit', current_setting('max_connections')::int,
    'reserved', current_setting('superuser_reserved_connections')::int{0},
    'taken', (select count(*) from pg_stat_activity a
               where (a.backend_type is null or a.backend_type = 'client backend'{1}) and a.pid <> pg_backend_pid()
                 and coalesce(a.application_name, '') not like 'pgconvoy%'),
    'superuser', me.rolsuper, 'own_limit', me.rolconnlimit,
    'own_taken', (select count(*) from pg_stat_activity a
                   where a.usesysid = me.oid and a.pid <> pg_backend_pid() and coalesce(a.application_name, '') not like 'pgconvoy%'))
    from pg_roles me where me.rolname = current_user))sql",
                     version >= 160000 ? " + case when pg_has_role('pg_use_reserved_connections', 'usage') then 0 else current_setting('reserved_connections')::int end" : "",
                     version < 120000 ? " or a.backend_type = 'walsender'" : "");
}

}  // namespace pgconvoy
