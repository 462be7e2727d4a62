#include "engine/postgres/archive_list.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

const std::set<std::string> roles{"app", "other", "role with spaces"};
const std::set<std::string> superusers{"postgres"};

Pass pass_of(const std::string& line, const std::string& before = "", const std::set<std::int64_t>& evaluating = {}) {
  const auto entries = split_archive_list(before + line + "\n", roles, superusers, evaluating);
  REQUIRE_FALSE(entries.empty());
  return entries.back().pass;
}

}  // namespace

TEST_CASE("archive list: what evaluates a tenant's code is restored as the tenant, what only defines as the administrator") {
  CHECK(pass_of("214; 1259 16386 TABLE public t app") == Pass::define);
  CHECK(pass_of("3210; 0 16386 TABLE DATA public t app") == Pass::load);
  CHECK(pass_of("3073; 1259 16390 INDEX public t_bar app") == Pass::load);
  CHECK(pass_of("3074; 2606 16391 CONSTRAINT public t t_pkey app") == Pass::load);
  CHECK(pass_of("3210; 0 16386 TABLE DATA public t postgres") == Pass::administrator);
  CHECK(pass_of("3217; 0 16400 MATERIALIZED VIEW DATA public m app") == Pass::refresh);
  CHECK(pass_of("3217; 0 16400 MATERIALIZED VIEW DATA public m postgres") == Pass::refresh_superusers);
}

TEST_CASE("archive list: triggers never before the data, event triggers after everything") {
  CHECK(pass_of("3080; 2620 16399 TRIGGER public t t_audit app") == Pass::finish);
  CHECK(pass_of("3081; 3466 16401 EVENT TRIGGER - audit postgres") == Pass::last);
  CHECK(pass_of("3082; 6104 16402 PUBLICATION - feed app") == Pass::last);
  CHECK(pass_of("3500; 0 0 INDEX ATTACH public p1_pkey app") == Pass::attach_indexes);
  CHECK(pass_of("3501; 0 0 TABLE ATTACH public p1 app") == Pass::attach);
  CHECK(Pass::attach < Pass::load);
  CHECK(Pass::load < Pass::attach_indexes);
  CHECK(Pass::load < Pass::finish);
  CHECK(Pass::refresh < Pass::last);
  CHECK(Pass::refresh_superusers < Pass::last);
}

TEST_CASE("archive list: a foreign key comes after the privileges on what it refers to, and these after the data") {
  CHECK(pass_of("3300; 0 0 ACL public TABLE lookup postgres") == Pass::privileges);
  CHECK(pass_of("3079; 2606 16395 FK CONSTRAINT public t t_lookup_fkey app") == Pass::link);
  CHECK(pass_of("3079; 2606 16395 FK CONSTRAINT public t t_lookup_fkey postgres") == Pass::finish);
  CHECK(Pass::load < Pass::privileges);
  CHECK(Pass::privileges < Pass::link);
}

TEST_CASE("archive list: a comment goes with what it is about, whatever its schema is called") {
  CHECK(pass_of("3301; 0 0 COMMENT public TABLE t app") == Pass::define);
  CHECK(pass_of("3302; 0 0 COMMENT public INDEX t_bar app") == Pass::finish);
  const std::string schemas = "7; 2615 16385 SCHEMA - my schema app\n8; 2615 16386 SCHEMA - my schema INDEX app\n";
  CHECK(pass_of("3303; 0 0 COMMENT my schema INDEX t_bar app", schemas) == Pass::finish);
  CHECK(pass_of("3304; 0 0 COMMENT my schema CONSTRAINT ck ON tt app", schemas) == Pass::finish);
  CHECK(pass_of("3305; 0 0 COMMENT my schema TABLE t app", schemas) == Pass::define);
  CHECK(pass_of("3306; 0 0 COMMENT - EVENT TRIGGER audit postgres", schemas) == Pass::last);
}

TEST_CASE("archive list: a table whose definition calls the database's own functions is made by its owner, unless a superuser owns it") {
  const std::set<std::int64_t> evaluating{16386};
  CHECK(pass_of("214; 1259 16386 TABLE public t app", "", evaluating) == Pass::define_as_tenant);
  CHECK(pass_of("214; 1259 16387 TABLE public u app", "", evaluating) == Pass::define);
  CHECK(pass_of("214; 1259 16386 TABLE public t postgres", "", evaluating) == Pass::define);
  // The same number in another catalogue is another object.
  CHECK(pass_of("215; 1255 16386 FUNCTION public f() app", "", evaluating) == Pass::define);
}

TEST_CASE("archive list: the owner is the longest known role at the end of the line, comments of the list are skipped") {
  const auto entries = split_archive_list("; Archive created\n214; 1259 16386 TABLE public t role with spaces\n", roles, superusers);
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].owner == "role with spaces");
  CHECK(entries[0].type == "TABLE");
  CHECK(list_of_pass(entries, Pass::define) == "214; 1259 16386 TABLE public t role with spaces\n");
}
