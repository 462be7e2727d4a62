#include "cli/backup_pruning.hpp"

#include "cli/backup_content.hpp"
#include "cli/commands/backups_show.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::cli;
using Catch::Contains;

namespace {

const WallTime kNow = parse_utc("2026-12-01T00:00:00.000Z");

BackupRecord backup_of(const std::string& created, const std::string& expires) {
  BackupRecord backup;
  backup.run = 7;
  backup.target = 3;
  backup.target_id = "shop-live";
  backup.instance = "shop-db";
  backup.database = "shop";
  backup.file = "/b/k3x9aq-r7/shop-db-t3-e1.dump";
  backup.format = "custom";
  backup.created = created;
  backup.state = "kept";
  if (!expires.empty()) backup.details["expires"] = expires;
  return backup;
}

TargetRecord target_in(TargetState state) {
  TargetRecord target;
  target.run = 7;
  target.number = 3;
  target.id = "shop-live";
  target.state = state;
  return target;
}

Obligation open_obligation(const std::string& id) {
  Obligation obligation;
  obligation.id = id;
  return obligation;
}

}  // namespace

TEST_CASE("prune: a backup goes when its retention is over, its target succeeded and the old database is gone") {
  const BackupRecord backup = backup_of("2026-11-01T00:00:00.000Z", "2026-11-30T00:00:00.000Z");
  CHECK(why_kept(backup, target_in(TargetState::succeeded), {}, {backup}, kNow) == "");
  CHECK_THAT(why_kept(backup, target_in(TargetState::succeeded), {}, {backup}, parse_utc("2026-11-29T00:00:00.000Z")), Contains("kept until"));
  CHECK_THAT(why_kept(backup_of("2026-11-01T00:00:00.000Z", ""), target_in(TargetState::succeeded), {}, {}, kNow), Contains("no retention"));
}

TEST_CASE("prune: neither expiry nor name removes what may still be needed") {
  const BackupRecord backup = backup_of("2026-11-01T00:00:00.000Z", "2026-11-30T00:00:00.000Z");
  const std::optional<WallTime> by_name;
  for (const auto now : {std::optional(kNow), by_name}) {
    for (const auto state : {TargetState::pending, TargetState::running, TargetState::rolling_back, TargetState::stuck})
      CHECK_THAT(why_kept(backup, target_in(state), {}, {backup}, now), Contains("until it is finished"));
    CHECK_THAT(why_kept(backup, target_in(TargetState::succeeded), {open_obligation("r7/t3/drop_source/shop-db")}, {backup}, now),
               Contains("cleanup comes first"));
  }
  CHECK(why_kept(backup, target_in(TargetState::succeeded), {open_obligation("r7/t3/drop_source/crm-db")}, {backup}, kNow) == "");
}

TEST_CASE("prune: the newest backup of a database that was not moved goes by name only") {
  const BackupRecord backup = backup_of("2026-11-01T00:00:00.000Z", "2026-11-30T00:00:00.000Z");
  BackupRecord newer = backup_of("2026-11-20T00:00:00.000Z", "");
  newer.file = "/b/k3x9aq-r8/shop-db-t1-e1.dump";
  const TargetRecord rolled_back = target_in(TargetState::rolled_back);
  CHECK_THAT(why_kept(backup, rolled_back, {}, {backup}, kNow), Contains("by name"));
  CHECK(why_kept(backup, rolled_back, {}, {backup, newer}, kNow) == "");
  CHECK(why_kept(backup, rolled_back, {}, {backup}, std::nullopt) == "");
  newer.state = "deleted";
  CHECK_THAT(why_kept(backup, rolled_back, {}, {backup, newer}, kNow), Contains("by name"));
}

TEST_CASE("prune: what an interrupted one began is finished") {
  const BackupRecord backup = backup_of("2026-11-01T00:00:00.000Z", "2027-11-30T00:00:00.000Z");
  CHECK(why_kept(backup, target_in(TargetState::succeeded), {open_obligation("r7/t3/delete_backup/shop-db-t3-e1.dump")}, {backup}, kNow) == "");
}

TEST_CASE("backups: the commands that restore one without pgconvoy") {
  BackupPolicy policy;
  BackupRecord backup = backup_of("2026-11-01T00:00:00.000Z", "");
  CHECK_THAT(stock_commands(policy, backup).back(), Contains("pg_restore --exit-on-error") && Contains(" /b/k3x9aq-r7/shop-db-t3-e1.dump"));
  backup.details["compression"] = "zstd";
  CHECK_THAT(stock_commands(policy, backup).back(), Catch::StartsWith("zstd -dc < /b/k3x9aq-r7/shop-db-t3-e1.dump | pg_restore"));
  backup.details.erase("compression");
  policy.decrypt = {"age", "-d", "-i", "/keys/my key"};
  policy.download = {"/srv/store", "get"};
  backup.details["encrypted"] = true;
  CHECK_THAT(stock_commands(policy, backup).back(),
             Catch::StartsWith("age -d -i '/keys/my key' < /b/k3x9aq-r7/shop-db-t3-e1.dump | pg_restore"));
  backup.details["key"] = "k3x9aq-r7/shop-db-t3-e1.dump.age";
  CHECK_THAT(stock_commands(policy, backup).back(),
             Catch::StartsWith("/srv/store get k3x9aq-r7/shop-db-t3-e1.dump.age | age -d -i '/keys/my key' | pg_restore"));
  backup.details["compression"] = "zstd";
  CHECK_THAT(stock_commands(policy, backup).back(), Contains("| age -d -i '/keys/my key' | zstd -dc | pg_restore"));
}

TEST_CASE("backups: entries of an archive's list are counted by kind") {
  const auto counts = count_entries(
      ";\n; Archive created at 2026-11-25\n;\n3412; 1259 16385 TABLE public orders shop\n"
      "3413; 1259 16386 TABLE public LINES shop\n3500; 0 16385 TABLE DATA public orders shop\n3400; 2606 16390 CONSTRAINT public a b shop\n");
  CHECK(counts == std::map<std::string, int>{{"TABLE", 2}, {"TABLE DATA", 1}, {"CONSTRAINT", 1}});
}
