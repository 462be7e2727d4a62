#include "cli/web_actions.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/support/catch.hpp"
#include "tests/support/loop.hpp"

using namespace pgconvoy;
using namespace pgconvoy::cli;
using Words = std::vector<std::string>;

namespace {

web::Wish wish_for(const std::string& action, json arguments = json::object(), const std::string& target = "") {
  web::Wish wish;
  wish.action = action;
  wish.run = 7;
  wish.target = target;
  wish.arguments = std::move(arguments);
  return wish;
}

}  // namespace

TEST_CASE("web actions: a button is the command of its name") {
  CHECK(*words_for(wish_for("pause", {{"reason", "storage"}}), "j.db") == Words{"pause", "--journal=j.db", "--output=json", "--reason=storage", "--", "r7"});
  CHECK(*words_for(wish_for("resume"), "j.db") == Words{"resume", "--journal=j.db", "--output=json", "--", "r7"});
  CHECK(*words_for(wish_for("cancel", {{"rollback", true}}), "j.db") == Words{"cancel", "--journal=j.db", "--output=json", "--rollback", "--", "r7"});
  CHECK(*words_for(wish_for("skip", json::object(), "shop"), "j.db") == Words{"skip", "--journal=j.db", "--output=json", "--", "r7", "shop"});
  CHECK(*words_for(wish_for("set", {{"changes", {{"concurrency", "3"}}}}), "j.db") == Words{"set", "--journal=j.db", "--output=json", "--", "r7", "concurrency=3"});
}

TEST_CASE("web actions: no text of others becomes an option or a second line") {
  const Words words = *words_for(wish_for("skip", {{"reason", "--rollback\n--journal=x"}}, "--help"), "j.db");
  const auto end = std::find(words.begin(), words.end(), "--");
  REQUIRE(end != words.end());
  CHECK(std::find(end, words.end(), "--help") != words.end());
  CHECK(std::find(words.begin(), end, "--reason=--rollback --journal=x") != end);
  CHECK_FALSE(words_for(wish_for("set", {{"changes", {{"--reason", "x"}}}}), "j.db"));
  CHECK_FALSE(words_for(wish_for("set", {{"changes", {{"backup_directory", "/"}}}}), "j.db"));
  const auto many = words_for(wish_for("set", {{"changes", {{"concurrency", "many"}}}}), "j.db");
  REQUIRE_FALSE(many);
  CHECK(many.error().kind == ErrorKind::usage);
}

TEST_CASE("web actions: what the command refuses is told in its words, and a program that isn't there too") {
  asio::io_context loop(1);
  WebActions gone("/no/such/program", "j.db");
  CHECK_FALSE(testing::run_on(loop, gone.carry_out(wish_for("pause"))));
  WebActions refusing("/bin/false", "j.db");
  const auto refused = testing::run_on(loop, refusing.carry_out(wish_for("pause")));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::refused);
  WebActions silent("/bin/true", "j.db");
  const auto done = testing::run_on(loop, silent.carry_out(wish_for("pause")));
  REQUIRE(done);
  CHECK(done->at("goes_on").is_null());
}
