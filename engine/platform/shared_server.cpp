// Provisioner `shared server`: databases and roles by SQL, as the administrator of a server that others use too.
#include <fmt/format.h>

#include "engine/platform/cluster_ddl.hpp"
#include "engine/platform/shared_server.hpp"

namespace pgconvoy {
namespace {

template <class T>
Result<T> failed_on_server(Result<T> result, const Session& maintenance, const std::string& attempt) {
  if (result) return result;
  return std::move(result).error().within(attempt).on(maintenance.server());
}

class SharedServer final : public Provisioner {
 public:
  Task<Result<std::int64_t>> create_database(CallIdentity, Session& maintenance, DatabaseOrder order) override {
    const auto what = fmt::format("cannot create database \"{}\"", order.name);
    std::function<Task<Result<std::int64_t>>()> attempt = [&] {
      return shared_server::create_database(maintenance, order);
    };
    auto result = co_await change_cluster<std::int64_t>(maintenance, std::move(attempt));
    co_return failed_on_server(std::move(result), maintenance, what);
  }

  Task<Result<void>> drop_database(CallIdentity, Session& maintenance, std::string name, std::int64_t oid,
                                   std::string system_identifier) override {
    const auto what = fmt::format("cannot drop database \"{}\" (oid {})", name, oid);
    std::function<Task<Result<void>>()> attempt = [&] {
      return shared_server::drop_database(maintenance, name, oid, system_identifier);
    };
    auto result = co_await change_cluster<void>(maintenance, std::move(attempt));
    co_return failed_on_server(std::move(result), maintenance, what);
  }

  Task<Result<std::vector<std::string>>> create_roles(CallIdentity, Session& maintenance,
                                                      std::vector<RoleOrder> roles) override {
    std::function<Task<Result<std::vector<std::string>>>()> attempt = [&] {
      return shared_server::create_roles(maintenance, roles);
    };
    if (roles.empty()) co_return std::vector<std::string>();
    auto result = co_await change_cluster<std::vector<std::string>>(maintenance, std::move(attempt));
    co_return failed_on_server(std::move(result), maintenance, "cannot create roles; none was made");
  }

  Task<Result<std::vector<std::string>>> drop_roles(CallIdentity, Session& maintenance,
                                                    std::vector<std::string> roles) override {
    std::function<Task<Result<std::vector<std::string>>>()> attempt = [&] {
      return shared_server::drop_roles(maintenance, roles);
    };
    if (roles.empty()) co_return std::vector<std::string>();
    auto result = co_await change_cluster<std::vector<std::string>>(maintenance, std::move(attempt));
    co_return failed_on_server(std::move(result), maintenance, "cannot drop roles; none was dropped");
  }
};

}  // namespace

std::unique_ptr<Provisioner> make_shared_server_provisioner() { return std::make_unique<SharedServer>(); }

}  // namespace pgconvoy
