#include "engine/facts/trial_restore.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

constexpr const char* kListed =
    "; Archive created at 2026-11-29\n"
    "215; 1255 16390 AGGREGATE public gather(anyelement) shop\n"
    "216; 1259 16400 VIEW my schema gathered shop\n"
    "217; 3256 16410 POLICY public orders mine shop\n"
    "5; 2615 16385 SCHEMA - my schema shop\n"
    "218; 1417 16420 SERVER - crm postgres\n";

TrialFacts trial_after(const std::string& said) {
  TrialFacts trial;
  read_trial_errors(trial, said, kListed, {"shop", "clerk"});
  return trial;
}

}  // namespace

TEST_CASE("trial: an error names its object by schema, and what follows from it is counted") {
  const TrialFacts trial = trial_after(
      "pg_restore: while PROCESSING TOC:\n"
      "pg_restore: from TOC entry 215; 1255 16390 AGGREGATE gather(anyelement) shop\n"
      "pg_restore: error: could not execute query: ERROR:  function array_append(anyarray, anyelement) does not exist\n"
      "Command was: CREATE AGGREGATE public.gather(anyelement) (\n"
      "    SFUNC = array_append\n);\n"
      "pg_restore: from TOC entry 216; 1259 16400 VIEW gathered shop\n"
      "pg_restore: error: could not execute query: ERROR:  function public.gather(integer) does not exist\n"
      "pg_restore: warning: errors ignored on restore: 2\n");
  REQUIRE(trial.errors.size() == 1);
  CHECK(trial.errors[0].type == "AGGREGATE");
  CHECK(trial.errors[0].name == "public.gather(anyelement)");
  CHECK(trial.errors[0].message == "function array_append(anyarray, anyelement) does not exist");
  CHECK(trial.consequences == 1);
}

TEST_CASE("trial: what follows from an error of an earlier call is counted, too") {
  TrialFacts trial = trial_after(
      "pg_restore: from TOC entry 215; 1255 16390 AGGREGATE gather(anyelement) shop\n"
      "pg_restore: error: could not execute query: ERROR:  no\n");
  read_trial_errors(trial,
                    "pg_restore: from TOC entry 216; 1259 16400 VIEW gathered shop\n"
                    "pg_restore: error: could not execute query: ERROR:  function public.gather(integer) does not exist\n",
                    kListed, {});
  CHECK(trial.errors.size() == 1);
  CHECK(trial.consequences == 1);
}

TEST_CASE("trial: what needs a role that isn't there yet was not tried; a role that nobody has is an error") {
  const std::string begin = "pg_restore: from TOC entry 217; 3256 16410 POLICY orders mine shop\npg_restore: error: could not execute query: ERROR:  role ";
  const TrialFacts moves = trial_after(begin + "\"clerk\" does not exist\n");
  CHECK(moves.errors.empty());
  REQUIRE(moves.left_out.size() == 1);
  CHECK(moves.left_out[0] == "POLICY public.orders mine: it needs role \"clerk\"");
  CHECK(trial_after(begin + "\"nobody\" does not exist\n").errors.size() == 1);
}

TEST_CASE("trial: schemas with spaces, objects without one, and nothing of what may hold a password") {
  const TrialFacts trial = trial_after(
      "pg_restore: from TOC entry 216; 1259 16400 VIEW gathered shop\n"
      "pg_restore: error: could not execute query: ERROR:  operator does not exist: integer !\n"
      "pg_restore: from TOC entry 218; 1417 16420 SERVER crm postgres\n"
      "pg_restore: error: could not execute query: ERROR:  invalid option \"password=hush\"\n");
  REQUIRE(trial.errors.size() == 2);
  CHECK(trial.errors[0].name == "my schema.gathered");
  CHECK(trial.errors[1].name == "crm");
  CHECK(trial.errors[1].message == "the server refused it");
}

TEST_CASE("trial: many errors are counted beyond the twentieth") {
  std::string said;
  for (int i = 0; i < 25; ++i)
    said += "pg_restore: from TOC entry 300; 1259 1 VIEW v" + std::to_string(i) + " shop\npg_restore: error: could not execute query: ERROR:  no\n";
  const TrialFacts trial = trial_after(said);
  CHECK(trial.errors.size() == 20);
  CHECK(trial.more == 5);
  CHECK(json(json(trial).get<TrialFacts>()) == json(trial));
}
