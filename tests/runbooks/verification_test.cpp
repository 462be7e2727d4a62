#include "runbooks/verification.hpp"

#include "runbooks/postgres_upgrade.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

Runbook verifying(const json& page, const json& transfer, const json& verify) {
  RunbookNode bracket{"with_maintenance_page", page, {{"transfer_to_prepared_services", transfer, {}}, {"verify_restored_services", verify, {}}}};
  Runbook runbook;
  runbook.operations = {bracket};
  return runbook;
}

const json kSaysNothing = json::object();

json said(const char* name) { return {{"verify", name}}; }

}  // namespace

TEST_CASE("verification: a runbook that says nothing, or the same everywhere, is fine") {
  CHECK(check_verification(verifying(kSaysNothing, kSaysNothing, kSaysNothing)));
  for (const char* name : {"before", "snapshot", "counts", "auto"}) CHECK(check_verification(verifying(said(name), said(name), said(name))));
  CHECK(check_verification(verifying(said("before"), kSaysNothing, kSaysNothing)));
}

TEST_CASE("verification: contents that would be compared twice or never are refused") {
  CHECK_THAT(check_verification(verifying(said("snapshot"), said("snapshot"), kSaysNothing)).error().message, Contains("verify_restored_services has verify: before"));
  CHECK_THAT(check_verification(verifying(kSaysNothing, said("counts"), kSaysNothing)).error().message, Contains("transfer_to_prepared_services has verify: counts"));
  CHECK_THAT(check_verification(verifying(said("later"), said("later"), said("later"))).error().message, Contains("verify is \"later\""));
  CHECK_THAT(check_verification(verifying({{"verify", true}}, kSaysNothing, kSaysNothing)).error().message, Contains("verify is true"));
}
