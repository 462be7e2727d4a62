#include "runbooks/validate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "engine/run/rehearsal.hpp"
#include "runbooks/flat_nodes.hpp"
#include "runbooks/references.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kCollect = "collect_service_instances";
constexpr const char* kReprovision = "reprovision_collected_instances";
constexpr const char* kFence = "fence_source";
constexpr const char* kBackup = "backup_collected_services";
constexpr const char* kRestore = "restore_backup_to_reprovisioned_services";
constexpr const char* kPrepare = "prepare_reprovisioned_services";
constexpr const char* kTransfer = "transfer_to_prepared_services";
constexpr const char* kAnalyze = "analyze_restored_services";
constexpr const char* kVerify = "verify_restored_services";
constexpr const char* kEnable = "enable_reprovisioned_services";
constexpr const char* kRedeploy = "redeploy";
constexpr const char* kDeprovision = "deprovision_collected_instances";
constexpr const char* kHold = "hold_snapshot";
constexpr const char* kRecord = "record_source";
constexpr const char* kCompare = "verify_rehearsal";

// Names, arguments and references: what a YAML file was told with line and column, for runbooks from C++ too.
class Shape {
 public:
  Shape(const Runbook& runbook, const OperationRegistry& operations, const ConditionRegistry& conditions)
      : runbook_(runbook), operations_(operations), conditions_(conditions) {}

  std::vector<std::string> problems() {
    if (runbook_.operations.empty()) problems_.push_back("it has no operations");
    for (const RunbookNode& node : runbook_.preconditions)
      if (const Condition* condition = conditions_.find(node.name))
        check(node, node.name, condition->parameters());
      else
        problems_.push_back(fmt::format("{}: there is no such condition", node.name));
    check(runbook_.operations, "");
    return std::move(problems_);
  }

 private:
  void check(const std::vector<RunbookNode>& nodes, const std::string& prefix) {
    for (const RunbookNode& node : nodes) {
      const std::string path = prefix + node.name;
      if (const Bracket* bracket = operations_.find_bracket(node.name)) {
        check(node, path, bracket->parameters);
        if (node.children.empty()) problems_.push_back(path + ": it goes around other operations, and has none");
        check(node.children, path + "/");
      } else if (const Operation* operation = operations_.find(node.name)) {
        check(node, path, operation->parameters());
        if (!node.children.empty()) problems_.push_back(path + ": no operations can stand inside of this one");
      } else {
        problems_.push_back(path + ": there is no such operation");
      }
    }
  }

  // An argument that refers to a parameter has its type only when the value is put in: with_parameters() and
  // requirements_of() see that one.
  void check(const RunbookNode& node, const std::string& path, std::vector<Parameter> parameters) {
    json arguments = node.arguments;
    for (const auto& [name, value] : node.arguments.items()) {
      if (!value.is_string() || value.get<std::string>().find("${") == std::string::npos) continue;
      const References references = references_in(value.get<std::string>());
      if (references.unclosed) problems_.push_back(fmt::format("{}: {}: \"${{\" without \"}}\"", path, name));
      for (const std::string& reference : references.names)
        if (std::none_of(runbook_.parameters.begin(), runbook_.parameters.end(),
                         [&](const Parameter& parameter) { return parameter.name == reference; }))
          problems_.push_back(fmt::format("{}: {}: the runbook has no parameter \"{}\"", path, name, reference));
      const std::size_t before = parameters.size();
      std::erase_if(parameters, [&](const Parameter& parameter) { return parameter.name == name; });
      if (parameters.size() < before) arguments.erase(name);
    }
    if (auto complete = complete_arguments(path, parameters, arguments); !complete)
      problems_.push_back(complete.error().message);
  }

  const Runbook& runbook_;
  const OperationRegistry& operations_;
  const ConditionRegistry& conditions_;
  std::vector<std::string> problems_;
};

// What must stand where, so that no write is lost and no app left down.
class Safety {
 public:
  Safety(std::string runbook, std::vector<FlatNode> nodes, const OperationRegistry& operations)
      : runbook_(std::move(runbook)), nodes_(std::move(nodes)), operations_(operations), rehearses_(position(kHold) < nodes_.size()) {
    for (const Bracket* bracket : operations.brackets())
      for (const auto* side : {&bracket->opening, &bracket->closing})
        for (const std::string& name : *side) {
          std::string& owners = owner_[name];
          owners += (owners.empty() ? "" : " or ") + bracket->name;
        }
  }

  std::vector<std::string> problems() {
    if (rehearses_ && !is_rehearsal(runbook_))
      problems_.push_back(fmt::format("it rehearses: it must be called {}NAME, or its runs would be taken for moves", kRehearsalPrefix));
    if (!rehearses_ && is_rehearsal(runbook_))
      problems_.push_back(fmt::format("only a runbook with {} may be called {}", kRehearsalBracket, runbook_));
    for (std::size_t at = 0; at < nodes_.size(); ++at) check(at);
    // Of moves it is said with each operation.
    const bool collects = position(kCollect) < nodes_.size(), moves = position(kReprovision) < nodes_.size();
    for (const FlatNode& node : nodes_)
      if (!collects && !moves && !rehearses_ && node.written && works_on_instances(node.operation))
        wrong(node, fmt::format("needs {} before it, or every instance of a target would be meant", kCollect));
    return std::move(problems_);
  }

 private:
  void check(std::size_t at) {
    const FlatNode& node = nodes_[at];
    const std::string& name = node.operation;
    if (node.written && owner_.contains(name))
      return wrong(node, fmt::format("only the bracket {} opens and closes with it", owner_.at(name)));
    for (const char* once : {kCollect, kReprovision, kFence, kBackup, kRestore, kPrepare, kTransfer, kEnable, kRedeploy, kDeprovision, kHold, kRecord})
      if (name == once && position(name) < at) wrong(node, fmt::format("a runbook has {} once", name));

    if (rehearses_) rehearsal(at);
    for (const char* of_rehearsal : {kRecord, kCompare})
      if (name == of_rehearsal && !node.rehearsed) wrong(node, fmt::format("must stand inside {}: it is part of a rehearsal", kRehearsalBracket));
    if (name == kReprovision) after(at, kCollect, "or it would not be known which instances are meant");
    if (name == kBackup) under_fence(at, "or what is written after it would be missing in it");
    if (name == kRestore) {
      after(at, kReprovision, "there is no database to restore into otherwise");
      after(at, kBackup, "there is nothing to restore otherwise");
      under_fence(at, "or the app would still write to the old database");
    }
    if (name == kPrepare) {
      after(at, kReprovision, "there is no database to prepare otherwise");
      if (position(kTransfer) <= at || position(kTransfer) == nodes_.size()) wrong(node, "what it prepares is filled by transfer_to_prepared_services, which must follow");
    }
    if (name == kTransfer) {
      after(at, kPrepare, "there is nothing to copy into otherwise");
      under_fence(at, "or the app would still write to the old database");
    }
    for (const char* on_restored : {kAnalyze, kVerify})
      if (name == on_restored) after(at, kRestore, "there is nothing to look at otherwise");
    if (name == kEnable) {
      under_fence(at, "or two databases would take writes");
      after(at, kRestore, "the new database would be empty");
      after(at, kVerify, "nothing is enabled before it was compared with the old database");
      after(at, kAnalyze, "or the app would start on a database without statistics");
    }
    if (name == kRedeploy) {
      after(at, kEnable, "it starts the app on the new database");
      under_fence(at, "the old database must not take writes again");
    }
    if (name == kFence) {
      for (const char* inside : {kEnable, kRedeploy})
        if (!is_inside(inside, node.bracket))
          wrong(node, fmt::format("{} must stand inside the bracket, or the app would stay stopped and its database "
                                  "closed when the bracket ends",
                                  inside));
    }
    if (name == kDeprovision) last(at);
  }

  // Nothing of it reaches the application or the old database, and all of it goes when its bracket ends.
  void rehearsal(std::size_t at) {
    const FlatNode& node = nodes_[at];
    const std::string& name = node.operation;
    for (const char* moving : {"page_on", "stop_app", "pause_poolers", kFence, kEnable, kRedeploy, kVerify, kDeprovision})
      if (name == moving) wrong(node, fmt::format("has no place in a rehearsal: {} touches neither application nor old database", kRehearsalBracket));
    for (const char* inside : {kBackup, kReprovision, kRestore, kPrepare, kTransfer, kAnalyze})
      if (name == inside && !node.rehearsed) wrong(node, fmt::format("must stand inside {}, whose end removes what it makes", kRehearsalBracket));
    for (const char* copying : {kBackup, kTransfer})
      if (name == copying) after(at, kRecord, "what is copied is compared with the record");
    if (name == kCompare) after(at, kRestore, "there is nothing to compare otherwise");
  }

  void last(std::size_t at) {
    after(at, kRedeploy, "the old database goes only when the app was seen healthy on the new one");
    if (nodes_[at].bracket != -1) wrong(nodes_[at], "it must come after the bracket that fences, not inside of it");
    for (const char* moving :
         {kCollect, kReprovision, kFence, kBackup, kRestore, kAnalyze, kVerify, kEnable, kRedeploy})
      for (std::size_t later = at + 1; later < nodes_.size(); ++later)
        if (nodes_[later].operation == moving) wrong(nodes_[later], fmt::format("must come before {}", kDeprovision));
  }

  void after(std::size_t at, const std::string& needed, const char* why) {
    if (position(needed) >= at) wrong(nodes_[at], fmt::format("needs {} before it: {}", needed, why));
  }

  void under_fence(std::size_t at, const char* why) {
    if (nodes_[at].bracket == -1 && !nodes_[at].rehearsed)
      wrong(nodes_[at],
            fmt::format("must stand inside the bracket that fences the old database (with_maintenance_page), {}", why));
  }

  bool works_on_instances(const std::string& name) const {
    const Operation* operation = operations_.find(name);
    return operation != nullptr && operation->subject() == Subject::instance;
  }

  bool is_inside(const std::string& name, int bracket) const {
    return std::any_of(nodes_.begin(), nodes_.end(), [&](const FlatNode& node) {
      return node.operation == name && node.bracket == bracket && node.written;
    });
  }

  std::size_t position(const std::string& name) const {
    const auto found =
        std::find_if(nodes_.begin(), nodes_.end(), [&](const FlatNode& node) { return node.operation == name; });
    return static_cast<std::size_t>(found - nodes_.begin());
  }

  void wrong(const FlatNode& node, const std::string& why) { problems_.push_back(node.path + ": " + why); }

  const std::string runbook_;
  const std::vector<FlatNode> nodes_;
  const OperationRegistry& operations_;
  const bool rehearses_;
  std::map<std::string, std::string> owner_;  // opening or closing operation -> its brackets
  std::vector<std::string> problems_;
};

}  // namespace

Result<void> validate(const Runbook& runbook, const OperationRegistry& operations,
                      const ConditionRegistry& conditions) {
  std::vector<std::string> problems = Shape(runbook, operations, conditions).problems();
  for (std::string& problem : Safety(runbook.name, flatten(runbook, operations), operations).problems())
    problems.push_back(std::move(problem));
  if (problems.empty()) return {};
  return Error(ErrorKind::usage,
               fmt::format("runbook {} can't be run:\n  {}", runbook.name, fmt::join(problems, "\n  ")));
}

}  // namespace pgconvoy
