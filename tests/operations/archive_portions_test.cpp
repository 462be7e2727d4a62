#include "operations/archive_portions.hpp"

#include "operations/prepared_rest.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

ArchiveEntry entry(const std::string& type, Pass pass, const std::string& owner = "shop") { return {"1; 1 1 " + type + " public t " + owner, type, owner, pass}; }

}  // namespace

TEST_CASE("portions: what one owner's session restores holds nothing of another's, in the archive's order") {
  PortionsOf what;
  what.database_owner = "shop";
  what.entries = {entry("TABLE", Pass::define), entry("TABLE DATA", Pass::load), entry("TABLE DATA", Pass::load, "crm"), entry("INDEX", Pass::load),
                  entry("ACL", Pass::privileges), entry("FK CONSTRAINT", Pass::link), entry("TRIGGER", Pass::finish), entry("EVENT TRIGGER", Pass::last, "")};
  const auto portions = portions_of(what);
  std::vector<std::string> titles;
  for (const Portion& portion : portions) {
    titles.push_back(portion.title);
    CHECK(portion.owners.size() <= 1);
    if (portion.owners == std::set<std::string>{"crm"}) CHECK(portion.lines.find("shop") == std::string::npos);
  }
  CHECK(titles == std::vector<std::string>{"define", "load", "load", "privileges", "link", "finish", "last"});
}

TEST_CASE("prepared: definitions come before rows, privileges and what asks other rows come after them") {
  for (const bool late : {false, true}) {
    CHECK(comes_before_rows(entry("TABLE", Pass::define), late));
    CHECK(comes_before_rows(entry("TABLE", Pass::define_as_tenant), late));
    CHECK(comes_before_rows(entry("TABLE ATTACH", Pass::attach), late));
    CHECK(comes_before_rows(entry("TABLE ATTACH", Pass::administrator), late));
    CHECK(comes_before_rows(entry("INDEX", Pass::load), late) == !late);
    CHECK(comes_before_rows(entry("CONSTRAINT", Pass::administrator), late) == !late);
    CHECK(comes_before_rows(entry("INDEX ATTACH", Pass::attach_indexes), late) == !late);
    // Rows that don't meet it are there already; it would refuse them when they come.
    CHECK_FALSE(comes_before_rows(entry("CHECK CONSTRAINT", Pass::load), late));
    for (const Pass pass : {Pass::privileges, Pass::link, Pass::finish, Pass::refresh, Pass::refresh_superusers, Pass::last})
      CHECK_FALSE(comes_before_rows(entry("X", pass), late));
  }
}
