// The page's files, built from web/ and put into the program by web/embed, and docs/openapi.json.
#pragma once

#include <string_view>
#include <vector>

namespace pgconvoy::web {

struct Asset {
  std::string_view path;           // "/assets/index-1a2b3c.js"; the page itself is "/"
  std::string_view content_type;
  std::string_view etag;           // of its content, with quotes
  std::string_view plain, gzip;    // gzip is empty where it isn't smaller
  bool fixed_name = false;         // its name changes with its content: a browser may keep it
};

// Empty but for the API's description when the program was built without the page.
const std::vector<Asset>& assets();

}  // namespace pgconvoy::web
