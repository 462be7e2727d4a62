// Rights that an owner needed for what is there, and doesn't have any more.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

inline constexpr const char* kLostRightsPart = "lost_rights";

struct LostRight {
  std::string object;   // "materialized view public.m", "constraint f on public.t"
  std::string kind;     // materialized view | foreign key | partition
  std::string role;     // that lacks it: the owner, or the owner of a view that it reads
  std::string right;    // SELECT | EXECUTE | REFERENCES | owner
  std::string on;       // "public.base", "public.f(integer)"
};
PGCONVOY_JSON(LostRight);

// Of a database: a list of at most 200 LostRight: populated materialized views whose owner may not read what they read, through views
// too; foreign keys whose owner may not refer to the other table; partitions of a superuser's table that aren't a superuser's.
std::string lost_rights_sql(int version);

}  // namespace pgconvoy
