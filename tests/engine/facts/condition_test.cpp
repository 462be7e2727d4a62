#include "engine/facts/condition.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

class Named final : public Condition {
 public:
  explicit Named(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  std::string summary() const override { return "A condition."; }
  std::vector<Finding> evaluate(const TargetFacts&, const json&) const override { return {}; }

 private:
  std::string name_;
};

}  // namespace

TEST_CASE("conditions: found by name, listed by name, and never two of one") {
  ConditionRegistry registry;
  registry.add(std::make_unique<Named>("roles_restorable"));
  registry.add(std::make_unique<Named>("disk_space"));
  REQUIRE(registry.all().size() == 2);
  CHECK(registry.all().front()->name() == "disk_space");
  CHECK(registry.find("roles_restorable") == registry.all().back());
  CHECK(registry.find("roles") == nullptr);
  CHECK_THROWS_AS(registry.add(std::make_unique<Named>("disk_space")), std::logic_error);
}

TEST_CASE("findings: go to JSON and back, an unknown severity is the worst") {
  const Finding finding{Severity::warn, "disk_space", "server pg15", "2 GB free", "a full disk", "free space", true};
  const auto back = json(finding).get<Finding>();
  CHECK(json(back) == json(finding));
  CHECK(back.severity == Severity::warn);
  for (const Severity severity : {Severity::ok, Severity::info, Severity::warn, Severity::block})
    CHECK(severity_from_string(to_string(severity)) == severity);
  CHECK(severity_from_string("fatal") == Severity::block);
}

TEST_CASE("facts: go to JSON and back, and what an older journal lacks has its default") {
  TargetFacts facts;
  facts.target = "shop-live";
  facts.databases["shop-db"].settings = {"work_mem=64MB"};
  facts.servers["pg13"].free_bytes = 5;
  facts.host.program_majors["pg_dump"] = 15;
  CHECK(json(json(facts).get<TargetFacts>()) == json(facts));
  CHECK(json(facts)["host"]["backup_free_bytes"].is_null());
  facts.databases["shop-db"].state = "retired";
  CHECK(json(facts).get<TargetFacts>().databases.at("shop-db").state == "retired");

  const auto old = json::parse(R"({"target": "t", "databases": {"i": {"database": "shop"}}, "servers": {"s": {}}})")
                       .get<TargetFacts>();
  CHECK(old.databases.at("i").connection_limit == -1);
  CHECK(old.databases.at("i").state == "provisioned");
  CHECK(old.databases.at("i").locale_provider == "libc");
  CHECK_FALSE(old.servers.at("s").free_bytes);
}
