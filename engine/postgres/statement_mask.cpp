#include "engine/postgres/statement_mask.hpp"

#include <algorithm>
#include <cctype>
#include <regex>

namespace pgconvoy {
namespace {

struct Literal {
  std::size_t from = 0, to = 0;  // of the content, without its quotes
};

// The end of a quoted text whose content begins at `at`: the position of the closing quote, or of the end.
std::size_t closing_quote(const std::string& sql, std::size_t at, char quote, bool backslashes) {
  for (; at < sql.size(); ++at) {
    if (backslashes && sql[at] == '\\') {
      ++at;
    } else if (sql[at] == quote) {
      if (at + 1 < sql.size() && sql[at + 1] == quote)
        ++at;
      else
        return at;
    }
  }
  return sql.size();
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }

// Comments nest: the position of the slash that closes the outermost one, or the end.
std::size_t comment_end(const std::string& sql, std::size_t at) {
  int depth = 1;
  for (; at + 1 < sql.size(); ++at) {
    if (sql[at] == '/' && sql[at + 1] == '*') {
      ++depth;
      ++at;
    } else if (sql[at] == '*' && sql[at + 1] == '/') {
      ++at;
      if (--depth == 0) return at;
    }
  }
  return sql.size();
}

std::vector<Literal> literals_of(const std::string& sql) {
  std::vector<Literal> found;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\'') {
      const bool escapes = i > 0 && (sql[i - 1] == 'E' || sql[i - 1] == 'e') && (i < 2 || !is_word(sql[i - 2]));
      const auto end = closing_quote(sql, i + 1, '\'', escapes);
      found.push_back({i + 1, end});
      i = end;
    } else if (sql[i] == '"') {
      i = closing_quote(sql, i + 1, '"', false);
    } else if (sql[i] == '-' && i + 1 < sql.size() && sql[i + 1] == '-') {
      i = std::min(sql.find('\n', i), sql.size());
    } else if (sql[i] == '/' && i + 1 < sql.size() && sql[i + 1] == '*') {
      i = comment_end(sql, i + 2);
    } else if (sql[i] == '$' && (i == 0 || !is_word(sql[i - 1]))) {
      auto tag_end = i + 1;
      while (tag_end < sql.size() && is_word(sql[tag_end])) ++tag_end;
      const bool number = tag_end > i + 1 && std::isdigit(static_cast<unsigned char>(sql[i + 1]));
      if (tag_end >= sql.size() || sql[tag_end] != '$' || number) continue;
      const auto tag = sql.substr(i, tag_end - i + 1);
      const auto end = std::min(sql.find(tag, tag_end + 1), sql.size());
      found.push_back({tag_end + 1, end});
      i = std::min(end + tag.size(), sql.size()) - 1;
    }
  }
  return found;
}

bool contains_word(const std::string& text, const std::string& lower_word) {
  return std::search(text.begin(), text.end(), lower_word.begin(), lower_word.end(),
                     [](unsigned char a, char b) { return std::tolower(a) == b; }) != text.end();
}

bool looks_secret(const std::string& literal) {
  if (literal.starts_with("SCRAM-SHA-256$")) return true;
  static const std::regex verifier_or_url("^md5[0-9a-f]{32}$|://[^/@ ]*:[^@ ]*@");
  // std::regex recurses per character: long literals can't be handed to it.
  return std::regex_search(literal.substr(0, 2000), verifier_or_url);
}

}  // namespace

MaskedStatement masked_statement(const std::string& sql) {
  MaskedStatement masked;
  masked.speaks_of_password = contains_word(sql, "password");
  std::size_t copied = 0;
  for (const auto& literal : literals_of(sql)) {
    auto content = sql.substr(literal.from, literal.to - literal.from);
    if (!masked.speaks_of_password && !looks_secret(content)) continue;
    masked.text += sql.substr(copied, literal.from - copied) + "***";
    copied = literal.to;
    if (content.empty()) continue;
    std::string meant = content;  // a message quotes it as it is meant
    for (const char* twice : {"''", "\\\\"}) {
      for (std::size_t at = 0; (at = meant.find(twice, at)) != std::string::npos; ++at) meant.erase(at, 1);
      if (meant != content) masked.secrets.push_back(meant);
    }
    if (const auto inside = meant.find("password="); inside != std::string::npos) {  // of a subscription's connection
      const auto from = inside + std::string_view("password=").size();
      masked.secrets.push_back(meant.substr(from, meant.find_first_of(" '", from) - from));
    }
    masked.secrets.push_back(std::move(content));
  }
  masked.text += sql.substr(copied);
  // What stands after the word without quotes is a mistake of the writer, and still a password.
  if (masked.speaks_of_password) {
    static const std::regex unquoted(R"((\bpassword\s*[=\s]\s*)([^\s'"=;,()$]+))", std::regex::icase);
    std::smatch match;
    auto start = masked.text.cbegin();
    std::string text;
    while (std::regex_search(start, masked.text.cend(), match, unquoted)) {
      const std::string word = match[2];
      text.append(start, match[2].first);
      const bool harmless = contains_word(word, "null") || word == "***" || word == "E" || word == "e" ||
                            contains_word(word, "from") || contains_word(word, "password");
      text += harmless ? word : "***";
      if (!harmless && word.size() > 2) masked.secrets.push_back(word);
      start = match[2].second;
    }
    text.append(start, masked.text.cend());
    masked.text = std::move(text);
  }
  return masked;
}

std::string MaskedStatement::without_secrets(std::string message) const {
  for (const auto& secret : secrets) {
    if (secret.size() < 3) continue;
    for (std::size_t at = 0; (at = message.find(secret, at)) != std::string::npos; at += 3)
      message.replace(at, secret.size(), "***");
  }
  if (speaks_of_password)
    if (const auto near = message.find("at or near "); near != std::string::npos)
      message = message.substr(0, near + 11) + "***";
  return message;
}

}  // namespace pgconvoy
