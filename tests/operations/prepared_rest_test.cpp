#include "operations/prepared_rest.hpp"

#include <filesystem>

#include "tests/engine/platform/temporary_directory.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

constexpr std::int64_t kMany = kIndexesLater + 1;

ArchiveEntry archive_entry(int number, int catalogue, int oid, const std::string& type, Pass pass, const std::string& owner = "shop") {
  return {std::to_string(number) + "; " + std::to_string(catalogue) + " " + std::to_string(oid) + " " + type + " public t " + owner, type, owner, pass};
}

std::vector<int> numbers(const std::vector<ArchiveEntry>& entries) {
  std::vector<int> found;
  for (const ArchiveEntry& entry : entries) found.push_back(std::stoi(entry.line));
  return found;
}

}  // namespace

TEST_CASE("prepared rest: indexes of little tables come first, those of large ones with their rows, the others' afterwards") {
  const std::vector<ArchiveEntry> entries{archive_entry(1, 1259, 100, "TABLE", Pass::define),
                                          archive_entry(2, 1259, 101, "INDEX", Pass::load),             // of a little table
                                          archive_entry(3, 1259, 102, "INDEX", Pass::load),             // of a large one
                                          archive_entry(4, 2606, 103, "CONSTRAINT", Pass::load),        // the same
                                          archive_entry(5, 1259, 104, "INDEX", Pass::administrator, "postgres"),  // large, a superuser's
                                          archive_entry(6, 1259, 105, "INDEX", Pass::load),             // of a partitioned one
                                          archive_entry(7, 0, 0, "INDEX ATTACH", Pass::attach_indexes), archive_entry(8, 0, 0, "ACL", Pass::privileges),
                                          archive_entry(9, 2606, 106, "FK CONSTRAINT", Pass::link),     archive_entry(10, 2606, 107, "FK CONSTRAINT", Pass::link),
                                          archive_entry(11, 2606, 108, "FK CONSTRAINT", Pass::finish, "postgres")};
  const std::vector<PlaceOfEntry> places{{1259, 101, "public.little", "", kIndexesLater, true}, {1259, 102, "public.large", "", kMany, true},
                                         {2606, 103, "public.large", "", kMany, true},          {1259, 104, "public.theirs", "", kMany, true},
                                         {1259, 105, "public.parent", "", kMany, false},        {2606, 106, "public.little", "public.large", 0, true},
                                         {2606, 107, "public.parent", "public.large", 0, false}, {2606, 108, "public.theirs", "public.large", 0, true}};
  Script script, of_administrator{{8, {0, 0, "sql 8;\n"}}};
  for (const auto& [number, catalogue, oid] : {std::array{2, 1259, 101}, std::array{3, 1259, 102}, std::array{4, 2606, 103}, std::array{6, 1259, 105},
                                               std::array{9, 2606, 106}, std::array{10, 2606, 107}})
    script[number] = {catalogue, oid, "sql " + std::to_string(number) + ";\n"};

  const PreparedRest rest = sort_entries(entries, script, of_administrator, places);
  CHECK(numbers(rest.before) == std::vector<int>{1, 2, 6});
  CHECK(rest.tables == std::map<std::string, std::string>{{"public.large", "sql 3;\nsql 4;\n"}});
  CHECK(numbers(rest.after) == std::vector<int>{5, 7, 10, 11});
  CHECK(rest.privileges == "sql 8;\n");
  REQUIRE(rest.keys.size() == 1);
  CHECK(rest.keys[0].table == "public.little");
  CHECK(rest.keys[0].parent == "public.large");
  CHECK(rest.keys[0].owner == "shop");
  CHECK(rest.keys[0].sql == "sql 9;\n");

  SECTION("a text of another object is not run, nor what has no known owner") {
    script[3].oid = 999;
    std::vector<ArchiveEntry> changed = entries;
    changed[8].owner = "";
    const PreparedRest careful = sort_entries(changed, script, {}, places);
    CHECK(careful.tables == std::map<std::string, std::string>{{"public.large", "sql 4;\n"}});
    CHECK(careful.keys.empty());
    CHECK(careful.privileges.empty());
    CHECK(numbers(careful.after) == std::vector<int>{3, 5, 7, 8, 9, 10, 11});
  }
  SECTION("without large tables nothing waits but what always does") {
    std::vector<PlaceOfEntry> little = places;
    for (PlaceOfEntry& place : little) place.size = 0;
    const PreparedRest all = sort_entries(entries, script, of_administrator, little);
    CHECK(numbers(all.before) == std::vector<int>{1, 2, 3, 4, 5, 6, 7});
    CHECK(all.tables.empty());
  }
  SECTION("it is kept beside the definitions, whatever bytes are in names") {
    const testing::TemporaryDirectory directory;
    const std::string file = directory / "shop.dump";
    PreparedRest kept = rest;
    kept.plan.sequences = {"public.s"};
    kept.plan.tables.push_back({"public.large", "shop", "read", "write", "check", "", 77, "clear", "frozen", true, "", false});
    kept.after[0].line += " caf\xe9";
    REQUIRE(write_rest(file, kept));
    const auto read = read_rest(file);
    REQUIRE(read);
    CHECK(read->tables == kept.tables);
    CHECK(read->plan.sequences == kept.plan.sequences);
    REQUIRE(read->plan.tables.size() == 1);
    CHECK(read->plan.tables[0].frozen_sql == "frozen");
    CHECK(read->plan.tables[0].binary);
    CHECK_FALSE(read->plan.tables[0].analyze);
    CHECK(read->privileges == kept.privileges);
    CHECK(numbers(read->after) == numbers(kept.after));
    CHECK(read->after[0].line == kept.after[0].line);
    CHECK(read->after[3].pass == Pass::finish);
    REQUIRE(read->keys.size() == 1);
    CHECK(read->keys[0].sql == "sql 9;\n");
    CHECK((std::filesystem::status(rest_file(file)).permissions() & std::filesystem::perms::others_all) == std::filesystem::perms::none);
    std::filesystem::resize_file(rest_file(file), 20);
    CHECK(read_rest(file).error().kind == ErrorKind::corrupt);
    REQUIRE(remove_definitions(file));
    CHECK_FALSE(std::filesystem::exists(rest_file(file)));
    REQUIRE(remove_definitions(file));
    CHECK(read_rest(file).error().kind == ErrorKind::io);
  }
}
