#include "operations/database_properties.hpp"

#include <fmt/format.h>

#include "engine/platform/setting_sql.hpp"
#include "operations/database_owner.hpp"
#include "operations/handles.hpp"

namespace pgconvoy {

Task<Result<void>> apply_database_properties(Session& maintenance, std::string name, DatabaseFacts facts) {
  const std::string database = maintenance.quote_identifier(name);
  Ownership wanted{facts.owner, facts.acl, facts.connection_limit};
  CO_TRY(std::string acl, co_await privileges_anew(maintenance, name, wanted));
  std::string sql = "begin;\n" + acl;
  sql += fmt::format("alter database {} connection limit {};\n", database, facts.connection_limit);
  for (const std::string& setting : facts.settings)
    sql += alter_setting_sql("DATABASE " + database, setting) + ";\n";
  for (const auto& [role, settings] : facts.role_settings)
    for (const std::string& setting : settings)
      sql += alter_setting_sql(fmt::format("ROLE {} IN DATABASE {}", maintenance.quote_identifier(role), database), setting) +
             ";\n";
  sql += "commit;\n";
  auto done = co_await maintenance.script(std::move(sql));
  if (!done) {
    auto back = co_await maintenance.script("rollback");
    co_return std::move(done).error().within(fmt::format("settings and privileges of \"{}\" can't be carried over", name));
  }
  co_return Result<void>();
}

Ownership ownership_of_new(const StepContext& context, const std::string& instance) {
  auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", instance);
  const DatabaseFacts& facts = context.database_facts(instance);
  Ownership wanted{fresh ? fresh->owner : facts.owner, "", -1};
  for (const StepPlan& planned : context.work.planned.steps)
    if (planned.operation == "reprovision_collected_instances" && planned.subject == instance &&
        !planned.arguments.value("copy_runtime_options", true)) {
      if (!fresh || fresh->adopted_oid == 0) return wanted;
      const DatabaseFacts own = fresh->adopted.get<DatabaseFacts>();  // what it was given by those who made it beforehand
      wanted.acl = own.acl;
      wanted.connection_limit = own.connection_limit;
      return wanted;
    }
  auto fence = context.intent<FenceIntent>("fence_source", instance);
  const bool known = fence && !fence->owner.empty();
  wanted.acl = known ? fence->acl : facts.acl;
  wanted.connection_limit = known ? fence->connection_limit : facts.connection_limit;
  return wanted;
}

}  // namespace pgconvoy
