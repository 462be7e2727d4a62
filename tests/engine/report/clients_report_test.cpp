#include "engine/report/clients_report.hpp"

#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::report;

namespace {

ClientScan scan_with(std::vector<FoundClient> clients) {
  ClientScan scan;
  scan.source = "shop.tar";
  scan.kind = "docker-archive";
  scan.clients = std::move(clients);
  return scan;
}
FoundClient libpq(const std::string& version, SpeaksScram scram) { return {"libpq", version, "/usr/lib/libpq.so.5", scram, "because", ""}; }

}  // namespace

TEST_CASE("scan: the verdict is that of the worst client", "[clients]") {
  CHECK(scan_with({}).verdict() == SpeaksScram::unknown);
  CHECK(scan_with({libpq("15.1", SpeaksScram::yes)}).verdict() == SpeaksScram::yes);
  CHECK(scan_with({libpq("15.1", SpeaksScram::yes), libpq("", SpeaksScram::unknown)}).verdict() == SpeaksScram::unknown);
  CHECK(scan_with({libpq("15.1", SpeaksScram::yes), libpq("9.6", SpeaksScram::no), libpq("", SpeaksScram::unknown)}).verdict() == SpeaksScram::no);
}

TEST_CASE("scan: JSON there and back", "[clients]") {
  const ClientScan scan = scan_with({libpq("9.6.24", SpeaksScram::no)});
  const ClientScan again = json(scan).get<ClientScan>();
  CHECK(again.clients == scan.clients);
  CHECK(again.kind == "docker-archive");
  CHECK(scan_json(scan)["verdict"] == "no");
  CHECK(scan_json(scan)["source_kind"] == "docker-archive");
}

TEST_CASE("histogram: releases are counted once an image, oldest first, libpq before others", "[clients]") {
  ClientHistogram histogram;
  histogram.add(scan_with({libpq("9.6.24", SpeaksScram::no), libpq("9.6.1", SpeaksScram::no)}));
  histogram.add(scan_with({libpq("15.18", SpeaksScram::yes), {"asyncpg", "0.27.0", "/p", SpeaksScram::yes, "", ""}}));
  histogram.add(scan_with({libpq("15.1", SpeaksScram::yes)}));
  histogram.add(scan_with({}));
  const auto bars = histogram.bars();
  REQUIRE(bars.size() == 3);
  CHECK((bars[0].kind == "libpq" && bars[0].version == "9.6" && bars[0].images == 1));
  CHECK((bars[1].version == "15" && bars[1].images == 2));
  CHECK((bars[2].kind == "asyncpg" && bars[2].version == "0.27"));
  CHECK(histogram.images() == 4);
  CHECK(histogram.images(SpeaksScram::no) == 1);
  CHECK(histogram.images(SpeaksScram::unknown) == 1);
  const std::string text = histogram_text(histogram, {}, 60);
  CHECK(text.find("libpq 9.6") < text.find("libpq 15"));
  CHECK(text.find("█") != std::string::npos);
}

TEST_CASE("histogram: names of others can't leave the picture's text", "[clients]") {
  ClientHistogram histogram;
  histogram.add(scan_with({{"<script>", "\"1&2", "/p", SpeaksScram::no, "", ""}}));
  const std::string svg = histogram_svg(histogram);
  CHECK(svg.find("<script>") == std::string::npos);
  CHECK(svg.find("&lt;script&gt;") != std::string::npos);
  CHECK(svg.ends_with("</svg>\n"));
}

TEST_CASE("scan: paths of others are printed as one line", "[clients]") {
  auto scan = scan_with({libpq("9.6", SpeaksScram::no)});
  scan.clients[0].path = "/a\n\x1b[31mb";
  const std::string text = scan_text(scan, {}, 0, false);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("can't speak SCRAM") != std::string::npos);
}
