#include <fmt/format.h>

#include <stdexcept>

#include "engine/platform/platform.hpp"

namespace pgconvoy {

void AppControllers::add(const std::string& kind, std::unique_ptr<AppController> controller) {
  controllers_[kind] = std::move(controller);
}

AppController& AppControllers::of(const Environment& environment) const {
  auto found = controllers_.find(environment.controller.kind);
  if (found == controllers_.end())
    throw std::logic_error(fmt::format("no controller of kind \"{}\" is registered", environment.controller.kind));
  return *found->second;
}

Provisioner& Provisioners::of(const Server& server) {
  if (server.provisioner.command.empty() || !factory_) return *by_sql_;
  auto& program = programs_[server.id];
  if (!program) program = factory_(server);
  return *program;
}

void PoolerControllers::add(const std::string& kind, std::unique_ptr<PoolerController> controller) {
  controllers_[kind] = std::move(controller);
}

PoolerController& PoolerControllers::of(const Pooler& pooler) const {
  auto found = controllers_.find(pooler.kind);
  if (found == controllers_.end())
    throw std::logic_error(fmt::format("no pooler of kind \"{}\" is registered", pooler.kind));
  return *found->second;
}

}  // namespace pgconvoy
