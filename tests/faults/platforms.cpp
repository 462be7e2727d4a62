#include "tests/faults/faults.hpp"

namespace pgconvoy::faults {
namespace {

class FaultyController final : public AppController {
 public:
  FaultyController(Faults& faults, std::unique_ptr<AppController> real) : faults_(faults), real_(std::move(real)) {}

  bool controls_application() const override { return real_->controls_application(); }
  Task<Result<ApplicationFacts>> inspect(Environment environment) override { return real_->inspect(std::move(environment)); }
  Task<Result<Health>> health(Environment environment) override { return real_->health(std::move(environment)); }
  Task<Result<bool>> page_is_on(Environment environment) override { return real_->page_is_on(std::move(environment)); }
  Task<Result<bool>> is_running(Environment environment) override { return real_->is_running(std::move(environment)); }
  Task<Result<void>> page_on(CallIdentity who, Environment environment) override {
    auto call = [&] { return real_->page_on(std::move(who), std::move(environment)); };
    co_return co_await effect<void>(faults_, "platform", "page_on", std::move(call));
  }
  Task<Result<void>> page_off(CallIdentity who, Environment environment) override {
    auto call = [&] { return real_->page_off(std::move(who), std::move(environment)); };
    co_return co_await effect<void>(faults_, "platform", "page_off", std::move(call));
  }
  Task<Result<void>> stop(CallIdentity who, Environment environment) override {
    auto call = [&] { return real_->stop(std::move(who), std::move(environment)); };
    co_return co_await effect<void>(faults_, "platform", "stop", std::move(call));
  }
  Task<Result<void>> start(CallIdentity who, Environment environment) override {
    auto call = [&] { return real_->start(std::move(who), std::move(environment)); };
    co_return co_await effect<void>(faults_, "platform", "start", std::move(call));
  }
  Task<Result<ConnectionSpec>> read_binding(Environment environment, Binding binding) override {
    return real_->read_binding(std::move(environment), std::move(binding));
  }
  Task<Result<void>> write_binding(CallIdentity who, Environment environment, Binding binding,
                                   ConnectionSpec connection) override {
    auto call = [&] {
      return real_->write_binding(std::move(who), std::move(environment), std::move(binding), std::move(connection));
    };
    co_return co_await effect<void>(faults_, "platform", "write_binding", std::move(call));
  }

 private:
  Faults& faults_;
  std::unique_ptr<AppController> real_;
};

class FaultyPooler final : public PoolerController {
 public:
  FaultyPooler(Faults& faults, std::unique_ptr<PoolerController> real) : faults_(faults), real_(std::move(real)) {}

  Task<Result<PoolerFacts>> inspect(Pooler pooler, std::string alias) override {
    return real_->inspect(std::move(pooler), std::move(alias));
  }
  Task<Result<PoolerPlace>> place(Pooler pooler, std::string alias) override {
    return real_->place(std::move(pooler), std::move(alias));
  }
  Task<Result<void>> pause(CallIdentity who, Pooler pooler, std::string alias, Seconds drain) override {
    auto call = [&] { return real_->pause(std::move(who), std::move(pooler), std::move(alias), drain); };
    co_return co_await effect<void>(faults_, "pooler", "pause", std::move(call));
  }
  Task<Result<void>> repoint(CallIdentity who, Pooler pooler, std::string alias, PoolerPlace place) override {
    auto call = [&] { return real_->repoint(std::move(who), std::move(pooler), std::move(alias), std::move(place)); };
    co_return co_await effect<void>(faults_, "pooler", "repoint", std::move(call));
  }
  Task<Result<void>> resume(CallIdentity who, Pooler pooler, std::string alias) override {
    auto call = [&] { return real_->resume(std::move(who), std::move(pooler), std::move(alias)); };
    co_return co_await effect<void>(faults_, "pooler", "resume", std::move(call));
  }

 private:
  Faults& faults_;
  std::unique_ptr<PoolerController> real_;
};

class FaultyProvisioner final : public Provisioner {
 public:
  FaultyProvisioner(Faults& faults, std::unique_ptr<Provisioner> real) : faults_(faults), real_(std::move(real)) {}

  Task<Result<std::int64_t>> create_database(CallIdentity who, Session& maintenance, DatabaseOrder order) override {
    auto call = [&] { return real_->create_database(std::move(who), maintenance, std::move(order)); };
    co_return co_await effect<std::int64_t>(faults_, "provisioner", "create_database", std::move(call));
  }
  Task<Result<void>> drop_database(CallIdentity who, Session& maintenance, std::string name, std::int64_t oid,
                                   std::string system_identifier) override {
    auto call = [&] {
      return real_->drop_database(std::move(who), maintenance, std::move(name), oid, std::move(system_identifier));
    };
    co_return co_await effect<void>(faults_, "provisioner", "drop_database", std::move(call));
  }
  Task<Result<std::vector<std::string>>> create_roles(CallIdentity who, Session& maintenance,
                                                      std::vector<RoleOrder> roles) override {
    auto call = [&] { return real_->create_roles(std::move(who), maintenance, std::move(roles)); };
    co_return co_await effect<std::vector<std::string>>(faults_, "provisioner", "create_roles", std::move(call));
  }
  Task<Result<std::vector<std::string>>> drop_roles(CallIdentity who, Session& maintenance,
                                                    std::vector<std::string> roles) override {
    auto call = [&] { return real_->drop_roles(std::move(who), maintenance, std::move(roles)); };
    co_return co_await effect<std::vector<std::string>>(faults_, "provisioner", "drop_roles", std::move(call));
  }

 private:
  Faults& faults_;
  std::unique_ptr<Provisioner> real_;
};

}  // namespace

std::unique_ptr<AppController> with_faults(Faults& faults, std::unique_ptr<AppController> real) {
  return std::make_unique<FaultyController>(faults, std::move(real));
}
std::unique_ptr<PoolerController> with_faults(Faults& faults, std::unique_ptr<PoolerController> real) {
  return std::make_unique<FaultyPooler>(faults, std::move(real));
}
std::unique_ptr<Provisioner> with_faults(Faults& faults, std::unique_ptr<Provisioner> real) {
  return std::make_unique<FaultyProvisioner>(faults, std::move(real));
}

}  // namespace pgconvoy::faults
