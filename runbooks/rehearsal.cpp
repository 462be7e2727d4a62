#include "runbooks/rehearsal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "engine/run/rehearsal.hpp"
#include "runbooks/references.hpp"

namespace pgconvoy {
namespace {

// What of a runbook is rehearsed, found wherever it stands.
struct RehearsedParts {
  std::optional<RunbookNode> collect, reprovision, backup, restore, prepare, transfer, analyze, verify;
  std::vector<std::string> left_out;

  std::optional<RunbookNode>* of(const std::string& name) {
    if (name == "collect_service_instances") return &collect;
    if (name == "reprovision_collected_instances") return &reprovision;
    if (name == "backup_collected_services") return &backup;
    if (name == "restore_backup_to_reprovisioned_services") return &restore;
    if (name == "prepare_reprovisioned_services") return &prepare;
    if (name == "transfer_to_prepared_services") return &transfer;
    if (name == "analyze_restored_services") return &analyze;
    if (name == "verify_restored_services") return &verify;
    return nullptr;
  }

  void take(const std::vector<RunbookNode>& nodes) {
    for (const RunbookNode& node : nodes) {
      if (auto* part = of(node.name)) {
        if (!*part) *part = node;
        continue;
      }
      if (std::find(left_out.begin(), left_out.end(), node.name) == left_out.end()) left_out.push_back(node.name);
      take(node.children);
    }
  }
};

void add_references(const std::vector<RunbookNode>& nodes, std::set<std::string>& names) {
  for (const RunbookNode& node : nodes) {
    for (const auto& [name, value] : node.arguments.items())
      if (value.is_string())
        for (const std::string& reference : references_in(value.get<std::string>()).names) names.insert(reference);
    add_references(node.children, names);
  }
}

bool has(const std::vector<RunbookNode>& nodes, const std::string& name) {
  return std::any_of(nodes.begin(), nodes.end(), [&](const RunbookNode& node) { return node.name == name || has(node.children, name); });
}

RunbookNode with_content(const char* name, const RunbookNode& verify) {
  RunbookNode node;
  node.name = name;
  if (verify.arguments.contains("content")) node.arguments["content"] = verify.arguments.at("content");
  return node;
}

}  // namespace

Result<Rehearsal> rehearsal_of(const Runbook& runbook, bool keep_backup) {
  if (is_rehearsal(runbook.name) || has(runbook.operations, kRehearsalBracket))
    return Error(ErrorKind::usage, fmt::format("runbook {} is a rehearsal itself", runbook.name), "pgconvoy run carries it out, or name the runbook that it rehearses");
  RehearsedParts parts;
  parts.take(runbook.operations);
  if (!parts.collect || !parts.reprovision || !parts.backup || !parts.restore)
    return Error(ErrorKind::usage, fmt::format("runbook {} restores no databases: there is nothing to rehearse", runbook.name),
                 "rehearse one that backs up and restores, such as postgres-13-to-15");
  Rehearsal rehearsal;
  rehearsal.left_out = std::move(parts.left_out);
  Runbook& made = rehearsal.runbook;
  made.name = std::string(kRehearsalPrefix) + runbook.name;
  made.summary = fmt::format("Rehearses {}: backs up and restores a copy of each database, verifies it and removes it; the application is untouched", runbook.name);
  if (!rehearsal.left_out.empty()) made.summary += fmt::format("; left out: {}", fmt::join(rehearsal.left_out, ", "));
  made.preconditions = runbook.preconditions;

  parts.reprovision->arguments.erase("adopt_empty");
  const RunbookNode verify = parts.verify.value_or(RunbookNode{});
  RunbookNode bracket;
  bracket.name = kRehearsalBracket;
  if (keep_backup) bracket.arguments["keep_backup"] = true;
  // Recorded first: a sequence knows no snapshot, so a copy's stands between what was recorded and what comes later.
  bracket.children.push_back(with_content("record_source", verify));
  bracket.children.push_back(*std::move(parts.backup));
  bracket.children.push_back(*std::move(parts.reprovision));
  // Each target goes one of the ways. Nothing of a copy comes after a pivot: it is backed up and read back at once.
  const bool both_ways = parts.prepare && parts.transfer;
  if (both_ways) bracket.children.push_back(*std::move(parts.prepare));
  bracket.children.push_back(*std::move(parts.restore));
  if (both_ways) {
    for (const char* name : {"backup", "verify"}) parts.transfer->arguments.erase(name);
    bracket.children.push_back(*std::move(parts.transfer));
  }
  if (parts.analyze) bracket.children.push_back(*std::move(parts.analyze));
  bracket.children.push_back(with_content("verify_rehearsal", verify));
  made.operations = {*std::move(parts.collect), std::move(bracket)};

  std::set<std::string> used;
  add_references(made.preconditions, used);
  add_references(made.operations, used);
  for (const Parameter& parameter : runbook.parameters)
    if (used.contains(parameter.name)) made.parameters.push_back(parameter);
  return rehearsal;
}

}  // namespace pgconvoy
