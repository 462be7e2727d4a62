#include "conditions/encoding_and_locale_available.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "conditions/moves.hpp"

namespace pgconvoy {
namespace {

// Manual, 24.3 Character Set Support: those that a server can have.
constexpr std::array<std::string_view, 35> kEncodings{
    "EUC_CN",        "EUC_JP",     "EUC_JIS_2004", "EUC_KR",  "EUC_TW",  "ISO_8859_5", "ISO_8859_6",
    "ISO_8859_7",    "ISO_8859_8", "KOI8R",        "KOI8U",   "LATIN1",  "LATIN2",     "LATIN3",
    "LATIN4",        "LATIN5",     "LATIN6",       "LATIN7",  "LATIN8",  "LATIN9",     "LATIN10",
    "MULE_INTERNAL", "SQL_ASCII",  "UTF8",         "WIN866",  "WIN874",  "WIN1250",    "WIN1251",
    "WIN1252",       "WIN1253",    "WIN1254",      "WIN1255", "WIN1256", "WIN1257",    "WIN1258"};

// glibc takes en_US.UTF-8, en_US.utf8 and en_US.UTF8 for the same: the codeset without its hyphens, in lower case.
std::string canonical(const std::string& locale) {
  const auto dot = locale.find('.');
  if (dot == std::string::npos) return locale;
  const auto at = std::min(locale.find('@', dot), locale.size());
  std::string codeset;
  for (const char c : locale.substr(dot, at - dot))
    if (c != '-') codeset += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return locale.substr(0, dot) + codeset + locale.substr(at);
}

bool has_locale(const ServerFacts& server, const std::string& locale) {
  if (locale == "C" || locale == "POSIX") return true;
  return std::any_of(server.locales.begin(), server.locales.end(),
                     [&](const auto& known) { return canonical(known) == canonical(locale); });
}

class EncodingAndLocaleAvailable final : public Condition {
 public:
  std::string name() const override { return "encoding_and_locale_available"; }
  std::string summary() const override {
    return "The target server can make a database with the same encoding, collation and character classes.";
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "CREATE DATABASE fails on the target when the locale is not there; and bytes that are no text in "
                "the new encoding stop the comparison.";
    page.reads = "Encoding, LC_COLLATE, LC_CTYPE and provider of the database (pg_database) against the locales "
                  "that the target server has (pg_collation and its own databases).";
    page.silent = "Spellings of one locale (en_US.utf8, en_US.UTF-8) are the same. Whether a locale sorts alike on "
                   "both servers is the matter of collations_sort_alike.";
    page.remedies = "Generate the locale on the target's host and import it, or convert the database beforehand.";
    page.sources = "Manual: Locale Support, Character Set Support, pg_import_system_collations.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      if (!move.database_known() || !move.target_known()) {
        findings.push_back(not_known(name(), move, "encoding and locale"));
        continue;
      }
      examine_encoding(move, findings);
      examine_provider(move, findings);
      examine_locale(move, "LC_COLLATE", move.database.collate, findings);
      if (move.database.ctype != move.database.collate) examine_locale(move, "LC_CTYPE", move.database.ctype, findings);
    }
    return findings;
  }

 private:
  void examine_encoding(const Move& move, std::vector<Finding>& findings) const {
    const std::string& encoding = move.database.encoding;
    if (encoding == "SQL_ASCII")
      findings.push_back(
          {Severity::block, name(), move.object(), "its encoding is SQL_ASCII",
           "PostgreSQL checks no text in such a database: bytes of several encodings may stand side by side, and our "
           "comparison, which reads UTF8, fails on them while the app is paused",
           "convert it to UTF8 first: dump it, clean the text, restore into a UTF8 database", false});
    else if (std::find(kEncodings.begin(), kEncodings.end(), encoding) == kEncodings.end())
      findings.push_back({Severity::block, name(), move.object(),
                          fmt::format("its encoding is {}", encoding.empty() ? "not known" : as_identifier(encoding)),
                          "it is none that a PostgreSQL server can have (manual: Character Set Support)",
                          "convert the database to UTF8 first", false});
  }

  void examine_provider(const Move& move, std::vector<Finding>& findings) const {
    const std::string& provider = move.database.locale_provider;
    const int needed = provider == "builtin" ? 17 : provider == "icu" ? 15 : 0;
    if (major_of(move.target) >= needed) return;
    findings.push_back({Severity::block, name(), move.object(),
                        fmt::format("its locale provider is {} ({}), {} is PostgreSQL {}", provider,
                                    move.database.provider_locale, move.target.server, move.target.version),
                        fmt::format("databases with this provider exist since PostgreSQL {}", needed),
                        "choose a newer target server", false});
  }

  void examine_locale(const Move& move, const char* category, const std::string& locale,
                      std::vector<Finding>& findings) const {
    if (has_locale(move.target, locale)) return;
    findings.push_back(
        {Severity::block, name(), move.object(),
         fmt::format("{} is {}; {} knows {}", category, as_identifier(locale), move.target.server,
                     move.target.locales.empty() ? "none that we could read" : shortened(move.target.locales, 8)),
         "CREATE DATABASE with it fails, and another one would sort and compare text differently",
         fmt::format(
             "on the host of {}: make the locale (Debian: add it to /etc/locale.gen, run locale-gen), restart the "
             "server, then SELECT pg_import_system_collations('pg_catalog')",
             move.target.server),
         false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_encoding_and_locale_available() {
  return std::make_unique<EncodingAndLocaleAvailable>();
}

}  // namespace pgconvoy
