#include "engine/facts/extract_indexes.hpp"

#include "engine/facts/code.hpp"
#include "engine/facts/part.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kExtractIndexes = R"sql(
  with parts(mark) as materialized (select ' :funcid ' || oid || ' ' from pg_proc where proname = 'date_part' and oid < 16384),
  found(object, owner, definition, tree) as (
    select 'index ' || i.indexrelid::regclass::text, i.indrelid, concat_ws(' WHERE ', pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid)),
           coalesce(i.indexprs::text, '') || ' ' || coalesce(i.indpred::text, '')
      from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indexrelid >= 16384 and (i.indexprs is not null or i.indpred is not null) and not c.relispartition
    union all
    select 'partition key of ' || p.partrelid::regclass::text, p.partrelid, pg_get_partkeydef(p.partrelid), p.partexprs::text
      from pg_partitioned_table p where p.partexprs is not null)
  select coalesce(json_agg(json_build_object('object', f.object, 'table', f.owner::regclass::text, 'definition', left(f.definition, 1000)) order by f.object), '[]')
    from (select object, owner, definition from found f
           where exists (select from parts where position(mark in f.tree) > 0)
             and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = f.owner and e.deptype = 'e')
           order by object limit 200) f)sql";

}  // namespace

PGCONVOY_JSON_FIELDS(ExtractIndex, object, table, definition)

Task<Result<json>> read_extract_indexes(const InquiryContext& context) {
  const auto code = shared_part<CodeFacts>(context.database().parts, kCodePart);
  if (!code) co_return Error(ErrorKind::refused, "what indexes are over was not read");
  json nothing = std::vector<ExtractIndex>{};
  if (!code->indexes_date_part) co_return nothing;
  std::string sql = kExtractIndexes;
  co_return co_await read_catalogue_document(context, std::move(sql));
}

}  // namespace pgconvoy
