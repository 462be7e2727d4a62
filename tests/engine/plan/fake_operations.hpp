// Operations that do nothing, with the names, subjects and parameters of the real ones.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan/restore_memory.hpp"
#include "engine/plan/verification.hpp"
#include "engine/run/operation.hpp"

namespace pgconvoy::testing {

class FakeOperation final : public Operation {
 public:
  FakeOperation(std::string name, Subject subject, std::vector<Parameter> parameters = {}, double seconds = 1)
      : name_(std::move(name)), subject_(subject), parameters_(std::move(parameters)), seconds_(seconds) {}

  std::string name() const override { return name_; }
  std::string summary() const override { return "does nothing"; }
  Subject subject() const override { return subject_; }
  std::vector<Parameter> parameters() const override { return parameters_; }
  void require(Requirements& requirements, const json& arguments) const override {
    if (arguments.contains("service")) requirements.source_service = arguments.at("service").get<std::string>();
    if (arguments.contains("state")) requirements.source_state = arguments.at("state").get<std::string>();
    if (arguments.contains("server")) requirements.source_server = arguments.at("server").get<std::string>();
    if (arguments.contains("to")) requirements.target_service = arguments.at("to").get<std::string>();
  }
  bool applies(const std::string& way, const json&) const override { return way_.empty() || way == way_; }
  Estimate estimate(const EstimateInput&) const override { return {seconds_, false}; }
  FakeOperation& only_by(std::string way) { return way_ = std::move(way), *this; }

  Task<Result<json>> prepare(StepContext&) override { co_return json::object(); }
  Task<Result<json>> apply(StepContext&, json) override { co_return json::object(); }
  Task<Result<Probe>> probe(StepContext&, json) override { co_return Probe{}; }
  Task<Result<std::string>> undo(StepContext&, json, json) override { co_return std::string(); }

 private:
  std::string name_;
  Subject subject_;
  std::vector<Parameter> parameters_;
  double seconds_;
  std::string way_;
};

inline void add_fake(OperationRegistry& registry, std::string name, Subject subject,
                     std::vector<Parameter> parameters = {}, double seconds = 1) {
  registry.add(std::make_unique<FakeOperation>(std::move(name), subject, std::move(parameters), seconds));
}

// One that is a step of targets that go this way.
inline void add_fake_of(OperationRegistry& registry, std::string way, std::string name, std::vector<Parameter> parameters = {}, double seconds = 1) {
  auto operation = std::make_unique<FakeOperation>(std::move(name), Subject::instance, std::move(parameters), seconds);
  operation->only_by(std::move(way));
  registry.add(std::move(operation));
}

// All operations of the upgrade and its bracket.
inline OperationRegistry upgrade_operations() {
  using Type = Parameter::Type;
  OperationRegistry registry;
  add_fake(registry, "collect_service_instances", Subject::target,
           {{"service", Type::text, nullptr, "from where"}, {"state", Type::text, "provisioned", "in which state"},
            {"server", Type::text, "", "on which server"}});
  add_fake(registry, "reprovision_collected_instances", Subject::instance,
           {{"to", Type::text, nullptr, "to where"}, {"copy_runtime_options", Type::boolean, true, "and how"},
            {"adopt_empty", Type::boolean, false, "or not"}, {"authentication", Type::text, "block", "passwords"}});
  add_fake(registry, "page_on", Subject::environment);
  add_fake(registry, "stop_app", Subject::environment, {{"pause", Type::boolean, true, "stop it"}});
  add_fake(registry, "fence_source", Subject::instance, {{"drain_timeout", Type::duration, "10s", "patience"}});
  add_fake_of(registry, "throughput", "backup_collected_services", {}, 10);
  add_fake_of(registry, "throughput", "restore_backup_to_reprovisioned_services", {{"jobs", Type::number, 1, "jobs"}, restore_memory_parameter()}, 20);
  add_fake_of(registry, "short-pause", "prepare_reprovisioned_services");
  add_fake_of(registry, "short-pause", "transfer_to_prepared_services", {{"jobs", Type::number, 2, "jobs"}, {"backup", Type::text, "before-pivot", "when"}, verification_parameter(), restore_memory_parameter()}, 12);
  add_fake(registry, "analyze_restored_services", Subject::instance);
  add_fake(registry, "verify_restored_services", Subject::instance, {{"content", Type::boolean, true, "every row"}, verification_parameter()});
  add_fake(registry, "enable_reprovisioned_services", Subject::instance);
  add_fake(registry, "redeploy", Subject::environment, {{"health_timeout", Type::duration, "60s", "patience"}});
  add_fake(registry, "page_off", Subject::environment);
  add_fake(registry, "close_source", Subject::instance);
  add_fake(registry, "deprovision_collected_instances", Subject::instance,
           {{"retention", Type::duration, "7d", "how long it is kept"}});
  Bracket page;
  page.name = "with_maintenance_page";
  page.parameters = {{"pause", Type::boolean, true, "stop the app"},
                     {"drain_timeout", Type::duration, "10s", "patience"},
                     {"max_pause", Type::duration, 0, "the longest pause"},
                     {"backup", Type::text, "before-pivot", "when it is complete"}, verification_parameter()};
  page.opening = {"page_on", "stop_app", "fence_source"};
  page.closing = {"page_off", "close_source"};
  registry.add(std::move(page));
  return registry;
}

}  // namespace pgconvoy::testing
