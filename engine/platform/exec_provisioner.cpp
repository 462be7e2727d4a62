// Provisioner `exec`: a program of the site makes and removes databases and roles on one server.
#include <fmt/format.h>

#include "engine/platform/exec_platform.hpp"
#include "engine/platform/shared_server.hpp"

namespace pgconvoy {
namespace {

json as_json(const DatabaseOrder& order) {
  return {{"name", order.name},       {"owner", order.owner},     {"encoding", order.encoding},
          {"collate", order.collate}, {"ctype", order.ctype},     {"locale_provider", order.locale_provider},
          {"comment", order.comment}, {"provider_locale", order.provider_locale}};
}

json as_json(const RoleOrder& order) {
  const RoleFact& role = order.attributes;
  return {{"name", role.name},
          {"superuser", role.superuser},
          {"login", role.login},
          {"create_database", role.create_database},
          {"create_role", role.create_role},
          {"inherit", role.inherit},
          {"replication", role.replication},
          {"bypass_row_security", role.bypass_row_security},
          {"connection_limit", role.connection_limit},
          {"valid_until", role.valid_until},
          {"settings", role.settings},
          {"member_of", role.member_of},
          {"admin_of", role.admin_of},
          {"comment", role.comment},
          {"has_verifier", !order.verifier.empty()}};
}

class ExecProvisioner final : public Provisioner {
 public:
  ExecProvisioner(ProcessLauncher& launcher, Server server, ProgramLog log)
      : launcher_(launcher), server_(std::move(server)), log_(std::move(log)) {}

  Task<Result<std::int64_t>> create_database(CallIdentity who, Session& maintenance, DatabaseOrder order) override {
    ProgramRequest request = request_for(server_, "create_database");
    request.who = std::move(who);
    request.document["database"] = as_json(order);
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    CO_TRY(const std::int64_t oid, answer.number("oid"));
    std::vector<Value> name{order.name};
    CO_TRY(const Rows rows, co_await maintenance.query("select oid::int8 from pg_database where datname = $1", name));
    if (rows.empty() || rows.number(0, 0) != oid)
      co_return answer
          .wrong(rows.empty() ? fmt::format("that it made \"{}\", but the server has no database of that name", order.name)
                              : fmt::format("oid {} for \"{}\", which has oid {}", oid, order.name, rows.number(0, 0)))
          .on(server_.id);
    co_return oid;
  }

  Task<Result<void>> drop_database(CallIdentity who, Session& maintenance, std::string name, std::int64_t oid,
                                   std::string system_identifier) override {
    ProgramRequest request = request_for(server_, "drop_database");
    request.who = std::move(who);
    request.document["database"] = {{"name", name}, {"oid", oid}, {"system_identifier", system_identifier}};
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    std::vector<Value> there{name, std::to_string(oid)};
    CO_TRY(const Rows rows,
           co_await maintenance.query("select 1 from pg_database where datname = $1 and oid = $2::text::oid", there));
    if (!rows.empty())
      co_return answer.wrong(fmt::format("that it dropped \"{}\", which is still there", name)).on(server_.id);
    co_return Result<void>();
  }

  Task<Result<std::vector<std::string>>> create_roles(CallIdentity who, Session&, std::vector<RoleOrder> roles) override {
    if (roles.empty()) co_return std::vector<std::string>();
    ProgramRequest request = request_for(server_, "create_roles");
    request.who = std::move(who);
    json list = json::array();
    for (const RoleOrder& order : roles) {
      if (!order.verifier.empty() && !shared_server::is_password_verifier(order.verifier.reveal()))
        co_return Error(ErrorKind::refused, fmt::format("the password of role \"{}\" is not given as a SCRAM or md5 verifier",
                                                        order.attributes.name));
      list.push_back(as_json(order));
      if (!order.verifier.empty()) request.secrets[order.attributes.name] = order.verifier;
    }
    request.document["roles"] = std::move(list);
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    co_return answer.texts("created");
  }

  Task<Result<std::vector<std::string>>> drop_roles(CallIdentity who, Session&, std::vector<std::string> roles) override {
    if (roles.empty()) co_return roles;
    ProgramRequest request = request_for(server_, "drop_roles");
    request.who = std::move(who);
    request.document["roles"] = roles;
    CO_TRY(const ProgramAnswer answer, co_await call_program(launcher_, std::move(request), log_));
    co_return answer.texts("dropped");
  }

 private:
  ProcessLauncher& launcher_;
  Server server_;
  ProgramLog log_;
};

}  // namespace

ProgramRequest request_for(const Server& server, const std::string& verb) {
  ProgramRequest request;
  request.program = server.provisioner;
  request.subject = "server " + server.id;
  request.verb = verb;
  request.document["server"] = {
      {"id", server.id}, {"region", server.region}, {"service", server.service}, {"url", server.url}};
  return request;
}

const std::vector<std::string>& provisioner_verbs() {
  static const std::vector<std::string> verbs{"create_database", "drop_database", "create_roles", "drop_roles"};
  return verbs;
}

std::unique_ptr<Provisioner> make_exec_provisioner(ProcessLauncher& launcher, Server server, ProgramLog log) {
  return std::make_unique<ExecProvisioner>(launcher, std::move(server), std::move(log));
}

}  // namespace pgconvoy
