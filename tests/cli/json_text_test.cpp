#include "cli/json_text.hpp"

#include <catch2/catch.hpp>

using namespace pgconvoy;
using cli::json_text;

TEST_CASE("json text: no control character stands in it, and it says the same") {
  std::string every;
  for (int code = 1; code < 0xa1; ++code) {
    if (code < 0x80) {
      every += static_cast<char>(code);
    } else {
      every += '\xc2';
      every += static_cast<char>(code);
    }
  }
  const json document{{every, json::array({every, "caf\xc3\xa9 \xc3\x9b \xe2\x82\xac", 1, nullptr})}};
  for (const int indent : {-1, 2}) {
    const std::string text = json_text(document, indent);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const bool is_line = byte == '\n' && indent > 0;
      CHECK((byte >= 0x20 || is_line));
      CHECK(byte != 0x7f);
      if (byte == 0xc2) CHECK(static_cast<unsigned char>(text.at(i + 1)) >= 0xa0);
    }
    CHECK(json::parse(text) == document);
  }
  CHECK(json_text(json{{"a", "\xc2\x9b\x7f"}}, -1) == "{\"a\":\"\\u009b\\u007f\"}");
  CHECK(json_text(json("\xc2"), -1) == "\"\xef\xbf\xbd\"");  // half a character
}
