#include "engine/report/schedule_units.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;
using Catch::Contains;

namespace {

Fleet fleet_with_windows() {
  Fleet fleet;
  fleet.regions["eu"] = {"eu", std::nullopt, "Europe/Berlin", {"mon-fri 01:00-05:00", "sun 22:30-06:00"}};
  fleet.regions["us"] = {"us", std::nullopt, "", {"00:00-24:00"}};
  fleet.regions["always"] = {"always", std::nullopt, "", {}};
  return fleet;
}

report::ScheduleRequest call_of(std::vector<std::string> arguments) {
  return {"/usr/bin/pgconvoy", std::move(arguments), {}, "/srv/50% of it", "pgconvoy", "/etc/pgconvoy/environment"};
}

}  // namespace

TEST_CASE("schedule: a timer opens with each window in its region's own time") {
  const auto units = report::systemd_units(fleet_with_windows(), {"always", "eu", "us"}, call_of({"run", "--continue"}));
  REQUIRE(units.size() == 4);
  CHECK_THAT(units.at("pgconvoy-eu.timer"), Contains("\nOnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 01:00:00 Europe/Berlin\n") &&
                                                Contains("\nOnCalendar=Sun *-*-* 22:30:00 Europe/Berlin\n") && Contains("WantedBy=timers.target"));
  CHECK_THAT(units.at("pgconvoy-us.timer"), Contains("\nOnCalendar=*-*-* 00:00:00 UTC\n"));
  CHECK_THAT(units.at("pgconvoy-eu.service"),
             Contains("\nUser=pgconvoy\n") && Contains("\nWorkingDirectory=/srv/50%% of it\n") &&
                 Contains("\nEnvironmentFile=-/etc/pgconvoy/environment\n") && Contains("\nTimeoutStopSec=infinity\n") &&
                 Contains("\nExecStart=\"/usr/bin/pgconvoy\" \"run\" \"--continue\" --region \"eu\"\n"));
}

TEST_CASE("schedule: what has a meaning for systemd or cron is quoted") {
  const auto request = call_of({"--set", "a=$HOME \"x\" \\ 5% it's"});
  const auto units = report::systemd_units(fleet_with_windows(), {"eu"}, request);
  CHECK_THAT(units.at("pgconvoy-eu.service"), Contains(R"("a=$$HOME \"x\" \\ 5%% it's")"));
  const std::string cron = report::cron_lines(fleet_with_windows(), {"always", "eu"}, request);
  CHECK_THAT(cron, Contains("# region eu: mon-fri 01:00-05:00, sun 22:30-06:00 Europe/Berlin\n*/10 * * * * cd '/srv/50'\\%' of it' && ") &&
                       Contains(R"('a=$HOME "x" \ 5'\%' it'\''s' --region 'eu')"));
  CHECK_THAT(cron, !Contains("region always"));
}

TEST_CASE("schedule: environments' own windows open too, and owners are told once a day") {
  Fleet fleet = fleet_with_windows();
  for (const char* id : {"shop", "blog"}) {
    Environment environment;
    environment.id = id;
    environment.region = "always";
    environment.windows = {"sat 03:00-04:00"};
    fleet.environments[id] = environment;
  }
  CHECK(report::has_times(fleet, "always"));
  auto request = call_of({"run", "--continue"});
  request.notices = {"notices", "--journal", "/srv/journal.db"};
  auto units = report::systemd_units(fleet, {"always"}, request);
  REQUIRE(units.size() == 2);
  const std::string& timer = units.at("pgconvoy-always.timer");
  const auto first = timer.find("OnCalendar=Sat *-*-* 03:00:00 UTC\n");
  REQUIRE(first != std::string::npos);
  CHECK(timer.find("OnCalendar=", first + 1) == std::string::npos);  // the same for both
  fleet.notices.after = Seconds(86400);
  units = report::systemd_units(fleet, {"always"}, request);
  REQUIRE(units.size() == 4);
  CHECK_THAT(units.at("pgconvoy-notices.service"), Contains("ExecStart=\"/usr/bin/pgconvoy\" \"notices\" \"--journal\" \"/srv/journal.db\"\n"));
  CHECK_THAT(units.at("pgconvoy-notices.timer"), Contains("OnCalendar=*-*-* 09:00:00\n"));
  CHECK_THAT(report::cron_lines(fleet, {"always"}, request), Contains("0 9 * * * cd ") && Contains("'notices' '--journal' '/srv/journal.db'\n"));
}
