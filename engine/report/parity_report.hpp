// Two compared configurations for people, for programs, and as a piece of postgresql.conf. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/parity.hpp"
#include "engine/report/style.hpp"

namespace pgconvoy::report {

// Groups with a title each; `width` 0 is no limit. Of what only the new version knows the names, unless `verbose`.
std::string parity_text(const std::vector<Parity>& all, const Style& style, std::size_t width, bool verbose);
// docs/json.md, "parity"
json parity_json(const std::vector<Parity>& all);
// What the new server of one pair would need, as lines of postgresql.conf with the reason beside each. What an operator
// must decide is commented out. The same configurations give the same text, so that it can be committed.
std::string parity_conf(const Parity& parity);

}  // namespace pgconvoy::report
