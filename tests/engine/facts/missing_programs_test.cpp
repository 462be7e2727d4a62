#include "engine/facts/gather.hpp"
#include "tests/engine/platform/temporary_directory.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

TEST_CASE("missing programs: of the backup policy, by PATH or by path, each once") {
  pgconvoy::testing::TemporaryDirectory directory;
  directory.write("store", "#!/bin/sh\n", std::filesystem::perms::owner_all);
  directory.write("not-executable", "#!/bin/sh\n", std::filesystem::perms::owner_read);
  BackupPolicy policy;
  CHECK(missing_programs(policy).empty());
  policy.encrypt = {"no-such-filter", "-e"};
  policy.decrypt = {"no-such-filter", "-d"};
  policy.upload = {directory / "store", "put"};
  policy.download = {directory / "not-executable"};
  policy.remove = {"sh", "-c", "true"};
  CHECK(missing_programs(policy) == std::vector<std::string>{"no-such-filter", directory / "not-executable"});
}
