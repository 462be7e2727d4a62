#include "engine/facts/evaluated_expressions.hpp"

#include <fmt/format.h>

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(FailedExpression, kind, object, error, sqlstate, functions, name_not_found)
PGCONVOY_JSON_FIELDS(EvaluatedExpressionsFact, evaluated, failed, not_checked)

namespace {

constexpr std::size_t kListedExpressions = 200;

struct Expression {
  std::string kind, object, sql;
  std::string rows_of;  // "": evaluated, or planned, without rows too
  std::vector<std::string> functions;
};

// Smallest tables first. Takes no lock of a tenant's table: the definition of a view, which does, is asked for one by one. An expression without rows is planned all the same where the restore plans it: functions in SQL
// are inlined then, and names in them looked for.
std::string expressions_sql() {
  return "with recursive" + tenants_code_sql() + R"sql(,
  tables as materialized (
    select c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) as name,
           case when c.relkind = 'p' then '' else 'only ' end || format('%I.%I', n.nspname, c.relname) as source,
           c.relpages::bigint as bytes
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid >= 16384 and c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and c.oid not in (select h.oid from held h)
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')),
  named as materialized (
    select d.classid, d.objid, d.objsubid, json_agg(distinct f.oid::regprocedure::text) as functions
      from pg_depend d join tenants_functions f on d.refclassid = 'pg_proc'::regclass and d.refobjid = f.oid
     group by d.classid, d.objid, d.objsubid),
  code_domains (oid) as (
    select k.contypid from tenants_code c join pg_constraint k on k.oid = c.objid where c.classid = 'pg_constraint'::regclass and k.contypid <> 0
    union
    select t.oid from code_domains d join pg_type t on t.typbasetype = d.oid and t.typtype = 'd'),
  found as (
    select 'index' as kind, format('%I.%I', n.nspname, x.relname) as object, t.bytes,
           format('select %s from %s%s%s', (select string_agg(format('count((%s))', pg_get_indexdef(i.indexrelid, k, false)), ', ') from generate_series(1, i.indnkeyatts) k),
                  t.source, coalesce(' where (' || pg_get_expr(i.indpred, i.indrelid) || ')', ''), case when x.relkind = 'I' then ' limit 0' else '' end) as sql,
           '' as rows_of, (select m.functions from named m where m.classid = 'pg_class'::regclass and m.objid = i.indexrelid and m.objsubid = 0) as functions
      from pg_index i join tables t on t.oid = i.indrelid join pg_class x on x.oid = i.indexrelid join pg_namespace n on n.oid = x.relnamespace
     where i.indisvalid and (i.indexprs is not null or i.indpred is not null)
       and exists (select from tenants_code c where c.classid = 'pg_class'::regclass and c.objid = i.indexrelid)
       and (x.relkind = 'i' or not exists (select from pg_inherits h where h.inhparent = i.indexrelid))
    union all
    select 'generated column', format('column %I of %s', a.attname, t.name), t.bytes,
           format('select count((%s)) from %s', pg_get_expr(e.adbin, e.adrelid), t.source), '',
           (select m.functions from named m where (m.classid = 'pg_class'::regclass and m.objid = t.oid and m.objsubid = a.attnum)
                                               or (m.classid = 'pg_attrdef'::regclass and m.objid = e.oid) limit 1)
      from tables t join pg_attribute a on a.attrelid = t.oid and a.attgenerated <> '' join pg_attrdef e on e.adrelid = t.oid and e.adnum = a.attnum
     where exists (select from tenants_code c where (c.classid = 'pg_class'::regclass and c.objid = t.oid and c.objsubid = a.attnum)
                                                  or (c.classid = 'pg_attrdef'::regclass and c.objid = e.oid))
    union all
    select 'CHECK constraint', format('constraint %I of %s', k.conname, t.name), t.bytes,
           format('select count((%s)) from %s', pg_get_expr(k.conbin, k.conrelid), t.source), t.source,
           (select m.functions from named m where m.classid = 'pg_constraint'::regclass and m.objid = k.oid)
      from pg_constraint k join tables t on t.oid = k.conrelid
     where k.contype = 'c' and k.convalidated and t.relkind = 'r'
       and exists (select from tenants_code c where c.classid = 'pg_constraint'::regclass and c.objid = k.oid)
    union all
    select 'domain', format('%s in column %I of %s', format_type(a.atttypid, null), a.attname, t.name), t.bytes,
           format('select count((c.%I::%s)::%s) from %s c', a.attname,
                  case when d.typtype = 'd' then format_type(d.typbasetype, d.typtypmod) else format_type(e.typbasetype, e.typtypmod) || '[]' end,
                  format_type(a.atttypid, null), t.source), t.source,
           (select json_agg(distinct v) from pg_constraint k join named m on m.classid = 'pg_constraint'::regclass and m.objid = k.oid, json_array_elements_text(m.functions) v
             where k.contypid = coalesce(e.oid, d.oid))
      from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      join pg_type d on d.oid = a.atttypid
      left join pg_type e on e.oid = d.typelem and e.typtype = 'd' and d.typcategory = 'A'
     where t.relkind = 'r' and coalesce(e.oid, d.oid) in (select c.oid from code_domains c)
       and not exists (select from pg_constraint k where k.contypid = coalesce(e.oid, d.oid) and not k.convalidated)
    union all
    select 'partition key', t.name, t.bytes, format('select count(row(%s)) from %s', pg_get_expr(p.partexprs, p.partrelid), t.source), '',
           (select m.functions from named m where m.classid = 'pg_class'::regclass and m.objid = t.oid and m.objsubid = 0)
      from pg_partitioned_table p join tables t on t.oid = p.partrelid
     where p.partexprs is not null and exists (select from tenants_code c where c.classid = 'pg_class'::regclass and c.objid = t.oid and c.objsubid = 0)
    union all
    select 'materialized view', t.name, t.bytes, format('select pg_get_viewdef(%L::regclass)', t.name), '',
           (select m.functions from pg_rewrite r join named m on m.classid = 'pg_rewrite'::regclass and m.objid = r.oid and m.objsubid = 0 where r.ev_class = t.oid limit 1)
      from tables t join pg_class c on c.oid = t.oid where t.relkind = 'm' and c.relispopulated)
select kind, object, sql, rows_of, coalesce(functions, '[]') from found order by kind = 'materialized view', bytes, object)sql";
}

std::vector<Expression> expressions_of(const Rows& rows) {
  std::vector<Expression> expressions;
  for (std::size_t i = 0; i < rows.size(); ++i)
    expressions.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), json::parse(rows.text(i, 4)).get<std::vector<std::string>>()});
  return expressions;
}

// Runs a query without sending its rows.
std::string explained(std::string definition) {
  if (const auto end = definition.find_last_not_of("; \n"); end != std::string::npos) definition.resize(end + 1);
  return "explain (analyze, timing off, costs off, summary off) " + definition;
}

// The classes of errors that say that a name led nowhere.
bool is_about_a_name(const std::string& sqlstate) {
  for (const char* state : {"42P01", "42883", "42704", "42703", "3F000", "42P02"})
    if (sqlstate == state) return true;
  return false;
}

}  // namespace

Task<Result<json>> read_evaluated_expressions(const InquiryContext& context) {
  RowReader reader(context, Seconds(context.arguments.value("time_budget", 30.0)), false);
  EvaluatedExpressionsFact fact;
  std::string sql = expressions_sql();
  CO_TRY(Rows rows, co_await reader.read_catalogue(std::move(sql)));
  std::vector<Expression> expressions = expressions_of(rows);
  fact.not_checked = reader.held();
  for (Expression& expression : expressions) {
    if (fact.failed.size() + fact.not_checked.size() >= kListedExpressions) break;
    Result<Rows> answer = Rows();
    if (!expression.rows_of.empty()) {
      std::string exists = fmt::format("select exists (select from {})", expression.rows_of);
      answer = co_await reader.read(RowReader::As::tenant, std::move(exists));
      if (answer && !answer->truth(0, 0)) continue;
    }
    if (answer) answer = co_await reader.read(RowReader::As::tenant, std::move(expression.sql));
    if (answer && expression.kind == "materialized view") {
      std::string explain = explained(answer->text(0, 0));
      answer = co_await reader.read(RowReader::As::tenant, std::move(explain));
    }
    if (answer) {
      ++fact.evaluated;
      continue;
    }
    const Error& error = answer.error();
    if (expression.kind == "domain" && (error.sqlstate == "23514" || error.sqlstate == "23502")) {  // for broken_constraints
      ++fact.evaluated;
      continue;
    }
    const bool unpopulated = expression.kind == "materialized view" && error.sqlstate == "55000";  // then the dump doesn't fill it
    if (fails_by_itself(error) && !unpopulated)
      fact.failed.push_back({expression.kind, expression.object, error.message, error.sqlstate, std::move(expression.functions),
                             is_about_a_name(error.sqlstate)});
    else if (!unpopulated)
      fact.not_checked.push_back(reader.not_checked(expression.kind + " " + expression.object, error));
  }
  co_return json(fact);
}

}  // namespace pgconvoy
