// The reference of operations and brackets that runbooks may name: docs/operations.md, and `pgconvoy runbook operations`. Pure.
#pragma once

#include <string>

#include "engine/core/json.hpp"
#include "engine/report/style.hpp"
#include "engine/run/operation.hpp"

namespace pgconvoy::report {

std::string operation_pages_text(const OperationRegistry& operations, const Style& style, std::size_t width);
std::string operation_pages_markdown(const OperationRegistry& operations);
// {"operations": [{name, summary, subject, parameters, bracket}], "brackets": [{name, summary, parameters, opening, closing}]}
json operation_pages_json(const OperationRegistry& operations);

}  // namespace pgconvoy::report
