#include "runbooks/backup_time.hpp"

#include "runbooks/catalogue.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

Runbook with_times(const json& bracket, const json& transfer) {
  Runbook runbook;
  RunbookNode page{"with_maintenance_page", json::object(), {{"transfer_to_prepared_services", json::object(), {}}}};
  if (!bracket.is_null()) page.arguments["backup"] = bracket;
  if (!transfer.is_null()) page.children.front().arguments["backup"] = transfer;
  runbook.operations.push_back(std::move(page));
  return runbook;
}

}  // namespace

TEST_CASE("backup time: bracket and transfer that disagree would leave a database without a backup, and are refused") {
  const auto never = check_backup_time(with_times(nullptr, "after-pivot"));
  REQUIRE(!never);
  CHECK(never.error().kind == ErrorKind::usage);
  CHECK_THAT(never.error().message, Contains("twice or never"));
  CHECK_FALSE(check_backup_time(with_times("after-pivot", nullptr)));
  CHECK(check_backup_time(with_times("after-pivot", "after-pivot")));
  CHECK(check_backup_time(with_times(nullptr, nullptr)));
}

TEST_CASE("backup time: another word than the two is refused before anything is touched") {
  for (const json& wrong : {json("later"), json(3), json("")}) CHECK_FALSE(check_backup_time(with_times(wrong, wrong)));
  for (const char* time : {"before-pivot", "after-pivot"})
    CHECK(check_backup_time(with_parameters(find_runbook("postgres-13-to-15").value(), json{{"backup", time}}).value()));
  CHECK_FALSE(check_backup_time(with_parameters(find_runbook("postgres-13-to-15").value(), json{{"backup", "afterwards"}}).value()));
}
