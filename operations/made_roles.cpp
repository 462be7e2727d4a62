#include "operations/made_roles.hpp"

namespace pgconvoy {
namespace {

bool is_reprovision(const std::string& path) {
  const std::string operation = path.substr(0, path.find_first_of("@#"));
  return operation.substr(operation.rfind('/') + 1) == "reprovision_collected_instances";
}

// A rehearsal that has ended, or is at its end: the database of the step goes, or is gone.
bool is_being_removed(const TargetRecord& target, const std::string& path) {
  const std::size_t at = path.find('@');
  const std::string subject = at == std::string::npos ? "" : path.substr(at);
  for (const auto& [other, step] : target.steps)
    if (other.ends_with("remove_rehearsal" + subject) && (step.status == StepStatus::started || step.status == StepStatus::succeeded)) return true;
  return false;
}

void add_made(MadeRoles& roles, const ReprovisionIntent& intent, const ReprovisionOutcome& outcome) {
  for (const auto& [name, oid] : intent.made_before) roles[name].insert(oid);
  for (const auto& [name, oid] : outcome.role_oids) roles[name].insert(oid);
}

// Does the step's database need its roles? Not when it is gone or about to go: of two that go back together neither may
// wait for the other, and as long as the database is there the server itself knows who owns it.
bool stands(const TargetRecord& target, const StepRecord& step) {
  if (is_being_removed(target, step.path)) return false;
  if (target.state == TargetState::rolling_back || target.state == TargetState::rolled_back) return false;
  return step.status == StepStatus::started || step.status == StepStatus::succeeded || step.status == StepStatus::failed ||
         step.status == StepStatus::unknown;
}

}  // namespace

MadeRoles roles_to_drop(const ReprovisionIntent& intent, const std::optional<ReprovisionOutcome>& outcome,
                        const std::map<int, TargetRecord>& targets) {
  MadeRoles roles;
  for (const std::string& name : outcome ? outcome->created_roles : intent.missing_roles)
    if (!outcome || !outcome->role_oids.contains(name)) roles[name].insert(0);
  add_made(roles, intent, outcome.value_or(ReprovisionOutcome{}));
  for (const auto& [number, target] : targets)
    for (const auto& [path, step] : target.steps)
      if (is_reprovision(path) && step.intent.is_object() && !stands(target, step)) {
        const auto other = step.intent.get<ReprovisionIntent>();
        if (other.server != intent.server) continue;
        add_made(roles, other, step.outcome.is_object() ? step.outcome.get<ReprovisionOutcome>() : ReprovisionOutcome{});
      }
  for (const auto& [number, target] : targets)
    for (const auto& [path, step] : target.steps)
      if (is_reprovision(path) && step.intent.is_object() && stands(target, step)) {
        const auto other = step.intent.get<ReprovisionIntent>();
        if (other.server != intent.server) continue;
        for (const std::string& name : other.roles) roles.erase(name);
      }
  return roles;
}

std::map<std::string, std::int64_t> made_before(const TargetRecord& target, const std::string& path) {
  std::map<std::string, std::int64_t> roles;
  const auto step = target.steps.find(path);
  if (step == target.steps.end() || !step->second.intent.is_object()) return roles;
  roles = step->second.intent.get<ReprovisionIntent>().made_before;
  if (step->second.outcome.is_object())
    for (const auto& [name, oid] : step->second.outcome.get<ReprovisionOutcome>().role_oids) roles[name] = oid;
  return roles;
}

Task<Result<std::vector<std::string>>> still_the_same(Session& maintenance, MadeRoles roles) {
  std::vector<std::string> names, same;
  for (const auto& [name, oids] : roles) names.push_back(name);
  CO_TRY(const auto now, co_await oids_of(maintenance, std::move(names)));
  for (const auto& [name, oid] : now)
    if (roles.at(name).contains(0) || roles.at(name).contains(oid)) same.push_back(name);
  co_return same;
}

Task<Result<std::map<std::string, std::int64_t>>> oids_of(Session& maintenance, std::vector<std::string> names) {
  std::map<std::string, std::int64_t> found;
  if (names.empty()) co_return found;
  const json wanted = names;
  std::vector<Value> parameters{wanted.dump()};
  CO_TRY(Rows rows, co_await maintenance.query("select rolname::text, oid::bigint from pg_roles where rolname::text in "
                                               "(select json_array_elements_text($1::json))",
                                               parameters));
  for (std::size_t i = 0; i < rows.size(); ++i) found[rows.text(i, 0)] = rows.number(i, 1);
  co_return found;
}

}  // namespace pgconvoy
