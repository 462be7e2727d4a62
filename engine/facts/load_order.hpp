// An inquiry: what is evaluated while the data of a database is restored and calls functions of the database: CHECK constraints of
// tables and domains, generated columns, materialized views. With the sources of what they call, however far, and the
// relations that are named there. Nothing of it runs. The administrator's session, which it only opens when the part
// `code` says that there is something.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/task.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kLoadOrderInquiry = "load_order";

// A relation whose rows arrive in a restore.
struct LoadedRelation {
  std::string schema, name, owner;
  std::string shown;       // "public.customers"
  bool has_rows = false;   // or may have: somebody holds it exclusively
  bool materialized = false;
};
PGCONVOY_JSON(LoadedRelation);

struct NamedRelation {
  std::string name;        // without its schema
  std::string shown;
  bool is_view = false;    // made after all tables
  LoadedRelation itself;   // as it is ordered among its like
  std::vector<LoadedRelation> holds;  // where its rows are: itself, partitions and children, what a view reads
};
PGCONVOY_JSON(NamedRelation);

struct ReachedFunction {
  std::string oid;
  std::string name, shown;  // "known", "public.known(integer)"
  std::string language, source;
  bool may_be_inlined = false;            // SQL that is looked into when a generated column is made
  std::vector<NamedRelation> relations;   // that its source may name, by its letters
};
PGCONVOY_JSON(ReachedFunction);

struct EvaluatedObject {
  std::string object;                     // "constraint c on public.t"
  std::string kind;                       // check | domain | generated | materialized view
  std::string expression;                 // of a constraint, as the server prints it
  std::vector<std::string> functions;     // oids of those it calls itself
  std::vector<LoadedRelation> tables;     // whose rows it is evaluated for
};
PGCONVOY_JSON(EvaluatedObject);

struct LoadOrderFacts {
  std::vector<EvaluatedObject> evaluated;   // a limited number
  std::vector<ReachedFunction> functions;   // likewise, in SQL and PL/pgSQL
  int more = 0;                             // objects beyond that
};
PGCONVOY_JSON(LoadOrderFacts);

// One LoadOrderFacts, from pg_depend, pg_proc and pg_class. NOT VALID constraints are left out: a restore doesn't
// evaluate them. Needs the part `code`; error of kind refused when that was not read.
Task<Result<json>> read_load_order(const InquiryContext& context);

}  // namespace pgconvoy
