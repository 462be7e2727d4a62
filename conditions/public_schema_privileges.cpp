#include "conditions/public_schema_privileges.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/public_schema.hpp"

namespace pgconvoy {
namespace {

class PublicSchemaPrivileges final : public Condition {
 public:
  std::string name() const override { return "public_schema_privileges"; }
  std::string summary() const override { return "The databases have the schema public, and who may create in it is told."; }
  std::vector<std::string> needs() const override { return {kPublicSchemaPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "In a new database of PostgreSQL 15 only its owner may create in the schema public; until 14 everybody could, which let one "
               "role put functions in another's way. A dump by pg_dump 15 gives back the privileges of the old database, so nothing breaks, "
               "and nothing becomes safer by itself. A database without a schema of this name gets one by the restore: the comparison of "
               "old and new then fails, with the app paused.";
    page.reads = "pg_namespace.nspacl, and who owns tables in the schema.";
    page.silent = "Privileges are only told with -v, and not at all where CREATE is given to nobody else. A schema public that was dropped and "
                  "made anew is carried over as it is.";
    page.remedies = "CREATE SCHEMA public where there is none; it may stay empty. Where everybody may create: REVOKE CREATE ON SCHEMA public FROM PUBLIC, after a grant to the roles that need it.";
    page.sources = "Release notes of PostgreSQL 15, \"Migration to Version 15\"; manual: Schemas, \"The Public Schema\" and \"Usage Patterns\".";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto schema = part<PublicSchemaFact>(move.database.parts, kPublicSchemaPart);
      if (!schema) {
        findings.push_back(not_known(name(), move, kPublicSchemaPart));
        continue;
      }
      if (!schema->exists) {
        findings.push_back({Severity::block, name(), "schema public in " + move.object(), "there is none",
                            "every new database has one, and a dump doesn't take it away: the comparison of old and new would fail, with the app paused",
                            fmt::format("in the database on {}: CREATE SCHEMA public", move.source.server), false});
        continue;
      }
      if (!schema->everybody_creates || !crosses(move, 15)) continue;
      std::vector<std::string> names;
      for (const std::string& role : schema->strangers) names.push_back(as_identifier(role));
      findings.push_back({Severity::info, name(), "schema public in " + move.object(),
                          names.empty() ? std::string("everybody may create in it")
                                        : fmt::format("everybody may create in it; {} own tables there by that alone", shortened(names)),
                          "a new database of 15 gives this to its owner only; the dump carries the privilege along, so it stays as it is",
                          names.empty() ? std::string("after the move: REVOKE CREATE ON SCHEMA public FROM PUBLIC")
                                        : fmt::format("after the move: GRANT CREATE ON SCHEMA public TO {}; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
                                                      shortened(names, 20)),
                          false});
    }
    return findings;
  }
};

}  // namespace

std::unique_ptr<Condition> make_public_schema_privileges() { return std::make_unique<PublicSchemaPrivileges>(); }

}  // namespace pgconvoy
