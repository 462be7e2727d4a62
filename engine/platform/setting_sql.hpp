// ALTER ... SET from what pg_db_role_setting.setconfig stores, as pg_dump writes it (makeAlterConfigCommand in
// src/bin/pg_dump/dumputils.c): for roles, databases and roles in databases.
#pragma once

#include <string>
#include <string_view>

namespace pgconvoy {

// `target` is ready SQL: ROLE "app", DATABASE "shop", ROLE "app" IN DATABASE "shop". `setting` is "name=value" as
// stored. Variables that are lists of quoted names (search_path and five more) are split and quoted one by one: as one
// literal, 'a, b' would become a single schema of that name. Without a final semicolon. Pure.
std::string alter_setting_sql(std::string_view target, std::string_view setting);

}  // namespace pgconvoy
