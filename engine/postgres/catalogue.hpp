// What a database consists of, as a list of lines that are equal for a database and its restored copy.
//
// The SQL reads system catalogues only and evaluates nothing that a tenant wrote. It is written for servers 10 to 17;
// a property that only one of the two servers knows is left out on both sides.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/postgres/compare.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// One object, or one aspect of it that is changed by a statement of its own (its privileges, its comment).
struct CatalogueEntry {
  std::string kind;        // "table", "column", "acl", ...: mostly the words of pg_identify_object
  std::string identity;    // qualified and quoted
  std::string parent;      // "kind identity" of what it vanishes with; may be empty
  std::string definition;  // for people
  std::string hidden;      // compared, never shown: function bodies, options that may hold passwords
};

// What the SQL depends on: the server it is for, the one it is compared with, and what to leave out.
struct Dialect {
  int version = 0;        // server_version_num of this side
  int other_version = 0;  // and of the other
  bool source = true;     // indexes that pg_dump leaves out are looked over on the source
  std::vector<std::string> ignored_roles;
  bool superusers = true;  // both sides are read as one; otherwise what only they see is left out or read another way
  bool sequence_values = true;  // false: sequences without the value that they are at

  std::string since(int major, std::string_view sql, std::string_view otherwise) const {
    return std::string(version >= major * 10000 ? sql : otherwise);
  }
  std::string both_since(int major, std::string_view sql, std::string_view otherwise) const {
    return std::string(version >= major * 10000 && other_version >= major * 10000 ? sql : otherwise);
  }
};

// Settings that make texts of two servers comparable and reading harmless; for inside a transaction.
std::string comparison_settings(const Dialect& dialect);

// SELECTs with the columns kind, identity, parent, definition, hidden; to be sent in one message.
std::string catalogue_script(const Dialect& dialect);

// The entries out of what such a script returned; results with other columns are passed over.
std::vector<CatalogueEntry> catalogue_entries(const std::vector<Rows>& results);

struct CatalogueComparison {
  std::vector<Difference> differences;  // by kind and identity
  int objects = 0;                      // entries compared
};

// Columns of system catalogues, system views and functions with columns, in their order: "pg_database" ->
// "oid oid\ndatname name ...", "pg_get_keywords()" -> "word text ...".
using SystemTypes = std::map<std::string, std::string>;

// Relations and functions, by name, that have further columns at the end on the target and else the same names.
using GrownObjects = std::set<std::string>;

// A SELECT, and the types out of what a script with it returned; of pg_catalog.
std::string system_types_sql();
SystemTypes system_types(const std::vector<Rows>& results);
GrownObjects grown_objects(const SystemTypes& source, const SystemTypes& target);

// Pure. An entry whose parent is missing on one side is counted with its parent, not reported by itself.
CatalogueComparison merge_catalogues(std::vector<CatalogueEntry> source, std::vector<CatalogueEntry> target);

// Casts of an array constructor moved into its elements, as PostgreSQL's parser does when it reads its own output
// again: "(ARRAY['a'::character varying])::text[]" becomes "ARRAY[('a'::character varying)::text]". A CHECK with
// IN (...) on a varchar column changes its text that way when it is restored.
std::string push_array_casts(std::string_view expression);

// Whether the texts of two views are the same but for the name of one relation in front of columns. Since version 16
// a view of a single relation is printed without it: "SELECT c.id FROM app.customers c" as "SELECT id ...".
bool same_but_for_qualifier(std::string_view left, std::string_view right);

// The parts of a view's definition: what is before its columns, those, and its query. All are "" when it has no such form.
struct ViewParts {
  std::string rest, columns, query;
};
ViewParts view_parts(const std::string& definition);

// Whether both queries name columns by position alike. Behind a relation with a list of names, a function, and a join that
// has a name, the server prints a name for each column that there is: such a list may be longer on the target behind a
// relation or function that has grown, and those at its beginning are the source's own.
bool same_positions(std::string_view source, std::string_view target, const GrownObjects& grown);

// -1, 0 or 1; numbers in the texts compare as numbers ("1.10" is newer than "1.9").
int compare_versions(std::string_view left, std::string_view right);

// A definition for a message: one line, at most about 200 bytes, around the place where it differs from `other`.
std::string shorten_definition(const std::string& definition, const std::string& other);

namespace catalogue {

// Parts of the SQL, for the files that list objects.
std::string user_schema(std::string_view alias);                            // condition on a row of pg_namespace
std::string own(std::string_view catalogue, std::string_view oid);          // condition: not part of an extension
std::string owner(std::string_view column);                                 // text: "owner alice"
std::string relation_kind(std::string_view alias);                          // text: "table", "view", ...
std::string sorted_options(std::string_view array, std::string_view word);  // text: "<word> a=1, b=2", or NULL
// Text: one privilege list, the owner written as (owner); `acl` and `owner` are expressions.
std::string privileges(const Dialect& dialect, std::string_view acl, std::string_view owner);
// The same as a sub-select of lines, one per privilege.
std::string privilege_lines(const Dialect& dialect, std::string_view acl, std::string_view owner);

std::string relations_sql(const Dialect& dialect);
std::string table_parts_sql(const Dialect& dialect);
std::string routines_and_types_sql(const Dialect& dialect);
std::string operators_sql(const Dialect& dialect);
std::string rare_objects_sql(const Dialect& dialect);
std::string privileges_sql(const Dialect& dialect);
std::string comments_sql(const Dialect& dialect);

}  // namespace catalogue
}  // namespace pgconvoy
