#include "operations/lent_rights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgconvoy {
namespace {

// Schemas of PostgreSQL's own are nobody's to make things in.
constexpr const char* kLacking =
    "select quote_ident(r.rolname), quote_ident(n.nspname) from pg_roles r, pg_namespace n "
    "where r.rolname in (select json_array_elements_text($1::json)) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' "
    "and not has_schema_privilege(r.oid, n.oid, 'create') union all "
    "select quote_ident(r.rolname), null from pg_roles r "
    "where r.rolname in (select json_array_elements_text($1::json)) "
    "and not has_database_privilege(r.oid, (select oid from pg_database where datname = current_database()), 'create')";

}  // namespace

Task<Result<void>> LentRights::lend(std::set<std::string> roles) {
  if (roles.empty()) co_return Result<void>();
  SessionOptions options;
  options.application_name = context_.application_name();
  CO_TRY(auto inside, co_await context_.open(server_, database_, options));
  const json wanted = roles;
  std::vector<Value> parameters{wanted.dump()};
  CO_TRY(Rows rows, co_await inside->query(kLacking, parameters));
  std::string sql;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string role = rows.text(i, 0);
    if (rows.rows[i][1])
      on_schemas_[role].push_back(rows.text(i, 1));
    else
      on_database_.push_back(role);
  }
  for (const auto& [role, schemas] : on_schemas_)
    sql += fmt::format("grant create on schema {} to {};\n", fmt::join(schemas, ", "), role);
  if (!on_database_.empty())
    sql += fmt::format("grant create on database {} to {};\n", inside->quote_identifier(database_), fmt::join(on_database_, ", "));
  if (sql.empty()) co_return Result<void>();
  auto lent = co_await inside->script(std::move(sql));
  if (!lent) co_return std::move(lent).error();
  co_return Result<void>();
}

Task<Result<void>> LentRights::take_back() {
  if (on_schemas_.empty() && on_database_.empty()) co_return Result<void>();
  SessionOptions options;
  options.application_name = context_.application_name();
  CO_TRY(auto inside, co_await context_.open(server_, database_, options));
  std::string sql;
  for (const auto& [role, schemas] : on_schemas_)
    sql += fmt::format("revoke create on schema {} from {};\n", fmt::join(schemas, ", "), role);
  if (!on_database_.empty())
    sql += fmt::format("revoke create on database {} from {};\n", inside->quote_identifier(database_), fmt::join(on_database_, ", "));
  auto done = co_await inside->script(std::move(sql));
  if (!done) co_return std::move(done).error();
  on_schemas_.clear();
  on_database_.clear();
  co_return Result<void>();
}

}  // namespace pgconvoy
