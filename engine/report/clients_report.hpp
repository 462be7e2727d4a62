// What scans found, for people and for programs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/clients/client_scan.hpp"
#include "engine/core/error.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

// One image: a line of what it is, one for each client, the notes. `width` 0: no limit.
std::string scan_text(const ClientScan& scan, const Style& style, std::size_t width, bool verbose);
// docs/json.md, "scan"
json scan_json(const ClientScan& scan);

// How often each version was found, counted once an image.
class ClientHistogram {
 public:
  struct Bar {
    std::string kind, version;  // "libpq", "9.6": the release, not the patch level
    std::uint64_t images = 0;
    SpeaksScram scram = SpeaksScram::unknown;  // the worst of those counted
  };

  void add(const ClientScan& scan);
  // By kind, then by version, the oldest first.
  std::vector<Bar> bars() const;
  std::uint64_t images() const { return images_; }
  // By verdict: images that can't, that nothing is known of, that can.
  std::uint64_t images(SpeaksScram verdict) const { return verdicts_[static_cast<std::size_t>(verdict)]; }

 private:
  std::vector<Bar> bars_;
  std::uint64_t images_ = 0;
  std::uint64_t verdicts_[3] = {};
};

// Bars as wide as `width` columns allow (0: 80). "" when there is none.
std::string histogram_text(const ClientHistogram& histogram, const Style& style, std::size_t width);
json histogram_json(const ClientHistogram& histogram);
// A picture that stands by itself: no script, no font and no style from elsewhere.
std::string histogram_svg(const ClientHistogram& histogram);

}  // namespace pgconvoy::report
