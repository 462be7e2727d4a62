#include "engine/fleet/event_names.hpp"

#include "engine/journal/event.hpp"
#include "tests/engine/fleet/example.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;
using Catch::Contains;

TEST_CASE("event names: those of the fleet are those of the journal") {
  for (const std::string_view name : event_names()) {
    CAPTURE(name);
    CHECK(event_kind_from_string(std::string(name)));
  }
  CHECK(event_names().size() == static_cast<std::size_t>(EventKind::note) + 1);
}

TEST_CASE("fleet file: a hook that waits for an event that never comes is a problem") {
  const std::string hooks = "hooks:\n  chat:\n    command: [bin/chat]\n    events: [";
  CHECK(problems_of(kExample + hooks + "target_stuck, pivot]\n").empty());
  CHECK_THAT(problem_of(kExample + hooks + "target_stuk]\n"),
             Contains("there is no event \"target_stuk\" (did you mean \"target_stuck\"?)"));
}
