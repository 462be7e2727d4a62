// What a jar holds of PostgreSQL's drivers: the driver itself under any name, shaded into an application, or as a jar in
// the jar (Spring Boot, wars).
#pragma once

#include "engine/clients/inspect.hpp"

namespace pgconvoy::clients {

// Like inspect_file, for a jar whose name says nothing.
Result<void> inspect_jar(std::string_view path, ByteSource& content, const ScanLimits& limits, Inspection& inspection);

}  // namespace pgconvoy::clients
