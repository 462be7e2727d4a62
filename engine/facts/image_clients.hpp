// Which clients the images of a database's applications hold, as far as a condition wants to know.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kImageClientsPart = "image_clients";

struct ImageClient {
  std::string kind, version, path;  // "libpq", "9.6.24", "/usr/lib/x86_64-linux-gnu/libpq.so.5.9"
  std::string scram = "unknown";    // yes | no | unknown
  std::string because;              // what was read
};
struct ImageClients {
  std::string environment;
  std::string image;                // what was looked at; "": the fleet names none
  std::string unreadable_because;   // "": it was read
  std::vector<ImageClient> clients;
};
PGCONVOY_JSON(ImageClient);
PGCONVOY_JSON(ImageClients);

// A list of ImageClients, one for each environment of the target that binds the instance. Blocks a thread of the pool for
// as long as the scan of an image takes (engine/clients/scan.hpp); layers that were read once in this process are not read
// again. It is given two minutes and 8 GiB of a layer; an image that takes more is one that was not looked at. Credentials of registries come from the environment.
Task<Result<json>> read_image_clients(const InquiryContext& context);

}  // namespace pgconvoy
