#include "engine/run/target_meter.hpp"

#include <catch2/catch.hpp>

#include <random>

#include "engine/run/progress_watch.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

constexpr const char* kRestore = "restore_backup_to_reprovisioned_services";
constexpr std::int64_t kMegabyte = 1 << 20;

TargetMeter restoring() {
  TargetMeter meter;
  meter.begin("restore@a", kRestore, {300 * kMegabyte, 100 * kMegabyte, 4});
  return meter;
}

double share(const Progress& progress) { return static_cast<double>(progress.bytes) / static_cast<double>(progress.total_bytes); }

ServerLook database_of(std::int64_t megabytes) {
  ServerLook look;
  look.database_bytes = megabytes * kMegabyte;
  return look;
}

}  // namespace

TEST_CASE("meter: a restore reads its archive, then builds its indexes, one figure for both") {
  TargetMeter meter = restoring();
  CHECK(share(meter.said({0, 1000, "pg_restore: load"})) == 0);
  CHECK(meter.said({0, 1000, ""}).total_bytes == 400 * kMegabyte);
  CHECK(share(meter.seen(database_of(8))) == 0);
  CHECK(share(meter.said({500, 1000, "pg_restore: load"})) == Approx(0.375));
  meter.seen(database_of(150));
  CHECK(share(meter.said({1000, 1000, "pg_restore: load"})) == Approx(0.75));
  ServerLook building = database_of(150);
  building.indexes = 1;
  building.index_share = 0.5;
  building.index_phase = "building index: loading tuples in tree";
  const Progress half_an_index = meter.seen(building);
  CHECK(share(half_an_index) == Approx(0.75 + 0.25 * 0.125));
  CHECK_THAT(half_an_index.text, Contains("pg_restore: load; an index: building index: loading tuples in tree, 50 %"));
  CHECK(share(meter.seen(database_of(200))) == Approx(0.75 + 0.25 * 0.5));
  CHECK(share(meter.done()) == 1);
}

TEST_CASE("meter: parallel jobs are seen by what the database has grown") {
  TargetMeter meter = restoring();
  meter.seen(database_of(8));
  CHECK(share(meter.said({0, 1000, "pg_restore: load"})) == 0);
  ServerLook look = database_of(208);
  look.copies = 2;
  look.copied_rows = 1234567;
  const Progress halfway = meter.seen(look);
  CHECK(share(halfway) == Approx(0.5));
  CHECK_THAT(halfway.text, Contains("1,234,567 rows of the table at hand"));
  // What was seen is told along until the step says something else.
  CHECK_THAT(meter.said({0, 1000, "pg_restore: load"}).text, Contains("load; 1,234,567 rows of the table at hand"));
  CHECK(meter.said({0, 1000, "pg_restore: link"}).text == "pg_restore: link");
}

TEST_CASE("meter: whatever is said, it never goes back, never ends before its end, and keeps its total") {
  std::mt19937 random(20);
  for (int round = 0; round < 200; ++round) {
    TargetMeter meter;
    const char* operations[] = {kRestore, "backup_collected_services", "verify_restored_services", "analyze_restored_services"};
    const KnownSizes sizes{static_cast<std::int64_t>(random() % 3) * 100 * kMegabyte, static_cast<std::int64_t>(random() % 3) * 40 * kMegabyte,
                           static_cast<int>(random() % 5)};
    meter.begin("step@a", operations[round % 4], sizes);
    std::int64_t before = 0, total = 0;
    for (int i = 0; i < 60; ++i) {
      Progress told;
      if (random() % 2 && meter.is_looked_at()) {
        ServerLook look = database_of(static_cast<std::int64_t>(random() % 500));
        look.indexes = static_cast<int>(random() % 3);
        look.index_share = static_cast<double>(random() % 100) / 100;
        told = meter.seen(look);
      } else {
        told = meter.said({static_cast<std::int64_t>(random() % 2000) * kMegabyte, 900 * kMegabyte, random() % 2 ? "pg_dump" : "other"});
      }
      REQUIRE(told.bytes >= before);
      if (total > 0) REQUIRE(told.total_bytes == total);
      if (told.total_bytes > 0) REQUIRE(told.bytes < told.total_bytes);
      before = told.bytes;
      total = told.total_bytes;
    }
    CHECK(meter.done().bytes == meter.done().total_bytes);
  }
}

TEST_CASE("meter: a dump goes on in small steps past the size that was guessed, and others teach the guess") {
  TargetMeter meter;
  meter.begin("backup@a", "backup_collected_services", {100 * kMegabyte, 0, 0});
  const Progress usual = meter.said({15 * kMegabyte, 100 * kMegabyte, "pg_dump"});
  CHECK(usual.total_bytes == 100 * kMegabyte);
  CHECK(share(usual) == Approx(0.45));
  CHECK(share(meter.said({30 * kMegabyte, 100 * kMegabyte, "pg_dump"})) == Approx(0.9));
  const double later = share(meter.said({90 * kMegabyte, 100 * kMegabyte, "pg_dump"}));
  CHECK(later > 0.95);
  CHECK(later < 0.99);

  meter.learn_dump(100 * kMegabyte, 90 * kMegabyte);
  meter.begin("backup@b", "backup_collected_services", {100 * kMegabyte, 0, 0});
  CHECK(share(meter.said({30 * kMegabyte, 100 * kMegabyte, "pg_dump"})) == Approx(0.45));
  // A database of nothing says nothing about others.
  meter.learn_dump(kMegabyte, 50 * kMegabyte);
  CHECK(share(meter.said({30 * kMegabyte, 100 * kMegabyte, "pg_dump"})) == Approx(0.45));
}

TEST_CASE("meter: without a total the step's own words are told as they are") {
  TargetMeter meter;
  meter.begin("analyze@a", "analyze_restored_services", {});
  const Progress told = meter.said({17, 0, "somewhere"});
  CHECK(told.bytes == 17);
  CHECK(told.total_bytes == 0);
  CHECK(told.text == "somewhere");
  ServerLook look = database_of(8);
  look.analyze_share = 0.25;
  CHECK_THAT(meter.seen(look).text, Contains("25 % of the sample of a table"));
  CHECK(meter.done().total_bytes == 0);
}

TEST_CASE("progress watch: servers before 14 know no COPY in progress, and what is null is nothing") {
  CHECK_THAT(ProgressWatch::statement(150008), Contains("pg_stat_progress_copy"));
  CHECK_THAT(ProgressWatch::statement(130023), !Contains("pg_stat_progress_copy") && Contains("pg_stat_progress_create_index"));
  Rows rows;
  rows.columns = {"datname"};
  rows.rows.push_back({"db", "8192", "1", "77", "5", "0", std::nullopt, "0", std::nullopt});
  rows.rows.push_back({"other", "1", "0", "0", "0", "2", "sorting", "0.45", "0.5"});
  const auto looks = ProgressWatch::looks_in(rows);
  CHECK(looks.at("db").copied_bytes == 77);
  CHECK(looks.at("db").analyze_share == -1);
  CHECK(looks.at("other").indexes == 2);
  CHECK(looks.at("other").index_share == Approx(0.45));
  CHECK(looks.at("other").analyze_share == Approx(0.5));
}
