// The verbs of a provisioner, on a scratch database and role that carry pgconvoy_doctor in their names.
#include <fmt/format.h>

#include "cli/platform_doctor.hpp"
#include "cli/planning.hpp"

namespace pgconvoy::cli {
namespace {

struct Scratch {
  std::string role, database, system_identifier;
  std::int64_t oid = 0;
  Secret verifier;
};

// The first row's first column; "" without a row.
Task<Result<std::string>> ask_server(Session& session, std::string sql, std::string parameter) {
  std::vector<Value> parameters{parameter};
  CO_TRY(const Rows rows, co_await session.query(sql, parameters));
  co_return rows.empty() ? std::string() : rows.text(0, 0);
}

Task<bool> test_roles(PlatformProbe& probe, Provisioner& provisioner, Session& session, Scratch& scratch, std::string what) {
  RoleOrder order;
  order.attributes.name = scratch.role;
  order.attributes.login = true;
  order.attributes.connection_limit = 3;
  order.verifier = scratch.verifier;
  std::vector<RoleOrder> orders{order};
  auto made = co_await provisioner.create_roles(probe.at_epoch(2, "create_roles"), session, orders);
  if (!probe.passed(what + ": create_roles", made)) co_return false;
  auto seen = co_await ask_server(session, "select rolcanlogin and rolconnlimit = 3 and not rolsuper from pg_roles where rolname = $1", scratch.role);
  if (!probe.passed(what + ": create_roles", seen)) co_return false;
  if (*made != std::vector<std::string>{scratch.role} || *seen != "t") {
    probe.bad(what + ": create_roles", "the role isn't there, has other attributes, or isn't named in \"created\"", "");
    co_return false;
  }
  auto verifier = co_await ask_server(session, "select rolpassword from pg_authid where rolname = $1", scratch.role);
  if (verifier && *verifier != scratch.verifier.reveal()) {
    probe.bad(what + ": create_roles", "its password is not the verifier that was handed over",
              "read the JSON object behind PGCONVOY_SECRETS_FD and give it as PASSWORD, as it stands");
    co_return false;
  }
  auto again = co_await provisioner.create_roles(probe.at_epoch(2, "create_roles"), session, orders);
  if (!probe.passed(what + ": create_roles again", again)) co_return false;
  probe.good(what + ": create_roles", "twice, and it is so");
  co_return true;
}

Task<bool> test_databases(PlatformProbe& probe, Provisioner& provisioner, Session& session, Scratch& scratch, std::string what) {
  DatabaseOrder order;
  order.name = scratch.database;
  order.owner = scratch.role;
  order.encoding = "UTF8";
  order.collate = order.ctype = "C";
  auto oid = co_await provisioner.create_database(probe.at_epoch(2, "create_database"), session, order);
  if (!probe.passed(what + ": create_database", oid)) co_return false;
  scratch.oid = *oid;
  auto owned = co_await ask_server(session,
                                   "select pg_get_userbyid(datdba) || ' ' || datallowconn || ' ' || exists (select from aclexplode(coalesce(datacl, "
                                   "acldefault('d', datdba))) where grantee = 0 and privilege_type in ('CONNECT', 'TEMPORARY')) "
                                   "from pg_database where datname = $1",
                                   scratch.database);
  if (!probe.passed(what + ": create_database", owned)) co_return false;
  if (*owned != scratch.role + " true false") {
    probe.bad(what + ": create_database", fmt::format("owner, open, PUBLIC may connect: {}; expected: {} true false", *owned, scratch.role),
              "give it to `owner`, and revoke CONNECT and TEMPORARY from PUBLIC before anybody may connect");
    co_return false;
  }
  probe.good(what + ": create_database", fmt::format("oid {}", *oid));
  DatabaseOrder other = order;
  other.name += "_lower";
  auto lower = co_await provisioner.create_database(probe.at_epoch(1, "create_database"), session, other);
  probe.judge_lower_epoch(what + ": lower epoch", lower ? Result<void>() : Result<void>(lower.error()));
  if (lower) {
    auto dropped = co_await provisioner.drop_database(probe.at_epoch(2, "drop_database"), session, other.name, *lower, scratch.system_identifier);
    if (!dropped) probe.bad(what + ": lower epoch", fmt::format("\"{}\" is left over", other.name), "drop it");
  }
  auto wrong = co_await provisioner.drop_database(probe.at_epoch(2, "drop_database"), session, scratch.database, scratch.oid + 1, scratch.system_identifier);
  if (wrong || wrong.error().kind != ErrorKind::conflict)
    probe.bad(what + ": drop_database with another oid", "it was not refused with kind \"conflict\"", "compare name and oid before dropping");
  else
    probe.good(what + ": drop_database with another oid", "refused");
  co_return true;
}

Task<void> clear_up(PlatformProbe& probe, Provisioner& provisioner, Session& session, Scratch& scratch, std::string what) {
  for (int time = 1; scratch.oid != 0 && time <= 2; ++time) {
    auto dropped = co_await provisioner.drop_database(probe.at_epoch(2, "drop_database"), session, scratch.database, scratch.oid, scratch.system_identifier);
    if (probe.passed(what + (time == 2 ? ": drop_database again" : ": drop_database"), dropped) && time == 2)
      probe.good(what + ": drop_database", "twice, and it is gone");
  }
  std::vector<std::string> roles{scratch.role};
  auto dropped = co_await provisioner.drop_roles(probe.at_epoch(2, "drop_roles"), session, roles);
  if (!probe.passed(what + ": drop_roles", dropped)) co_return;
  auto again = co_await provisioner.drop_roles(probe.at_epoch(2, "drop_roles"), session, roles);
  if (probe.passed(what + ": drop_roles again", again)) probe.good(what + ": drop_roles", "twice");
  auto left = co_await ask_server(session, "select rolname from pg_roles where rolname = $1", scratch.role);
  if (left && !left->empty()) probe.bad(what + ": drop_roles", fmt::format("role \"{}\" is still there", scratch.role), "drop it");
}

}  // namespace

Task<void> test_provisioner(PlatformProbe& probe, Server server) {
  const std::string what = "server " + server.id;
  auto connection = co_await probe.services.credentials.administrator(server);
  if (!probe.passed(what, connection)) co_return;
  SessionOptions options;
  options.application_name = "pgconvoy/doctor";
  auto opened = co_await probe.services.sessions.open(*std::move(connection), options);
  if (!opened) {
    probe.passed(what, Result<void>(with_ways_to_log_in(std::move(opened).error(), server.id)));
    co_return;
  }
  SessionPtr session = *std::move(opened);
  auto provisioner = make_exec_provisioner(probe.services.processes, server, probe.log);
  Scratch scratch;
  scratch.role = scratch.database = "pgconvoy_doctor_" + probe.token();
  auto verifier = session->encrypt_password(random_secret(), scratch.role);
  auto identifier = co_await ask_server(*session, "select system_identifier::text from pg_control_system() where $1 <> ''", "x");
  if (!probe.passed(what, verifier) || !probe.passed(what, identifier)) co_return;
  scratch.verifier = *verifier;
  scratch.system_identifier = *identifier;
  if (co_await test_roles(probe, *provisioner, *session, scratch, what))
    co_await test_databases(probe, *provisioner, *session, scratch, what);
  co_await clear_up(probe, *provisioner, *session, scratch, what);
  session->close();
}

}  // namespace pgconvoy::cli
