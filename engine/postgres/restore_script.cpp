#include "engine/postgres/restore_script.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace pgconvoy {
namespace {

bool continues_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80; }

// Finds where things end: each function takes the place where something begins and answers the one behind it, or npos
// when the text ends inside.
class ScriptScanner {
 public:
  explicit ScriptScanner(std::string_view text) : text_(text) {}

  std::size_t behind(std::size_t at) const {
    const char c = text_[at];
    if (starts(at, "/*")) return behind_comment(at);
    if (c == '"') return behind_quoted(at, '"', false);
    if (c == '\'') return behind_quoted(at, '\'', at > 0 && (text_[at - 1] == 'E' || text_[at - 1] == 'e') && (at < 2 || !continues_name(text_[at - 2])));
    if (c == '$' && (at == 0 || !continues_name(text_[at - 1]))) return behind_dollars(at);
    return at + 1;
  }
  bool starts(std::size_t at, std::string_view what) const { return text_.substr(at).starts_with(what); }

 private:
  std::size_t behind_comment(std::size_t at) const {
    int depth = 0;
    while (at < text_.size()) {
      const bool opens = starts(at, "/*"), closes = starts(at, "*/");
      depth += opens - closes;
      at += opens || closes ? 2 : 1;
      if (depth == 0) return at;
    }
    return std::string_view::npos;
  }
  std::size_t behind_quoted(std::size_t at, char mark, bool escapes) const {
    for (++at; at < text_.size(); ++at) {
      if (escapes && text_[at] == '\\') ++at;
      else if (text_[at] == mark && at + 1 < text_.size() && text_[at + 1] == mark) ++at;
      else if (text_[at] == mark) return at + 1;
    }
    return std::string_view::npos;
  }
  // $$, $tag$; anything else with a dollar is one character.
  std::size_t behind_dollars(std::size_t at) const {
    std::size_t end = at + 1;
    while (end < text_.size() && text_[end] != '$' && continues_name(text_[end])) ++end;
    if (end >= text_.size() || text_[end] != '$' || std::isdigit(static_cast<unsigned char>(text_[at + 1]))) return at + 1;
    const std::string_view tag = text_.substr(at, end + 1 - at);
    const std::size_t close = text_.find(tag, end + 1);
    return close == std::string_view::npos ? close : close + tag.size();
  }

  std::string_view text_;
};

// "-- TOC entry 3010 (class 2606 OID 16393)"
std::optional<std::array<std::int64_t, 3>> numbers_of(std::string_view comment) {
  std::array<std::int64_t, 3> numbers{};
  std::size_t number = 0;
  for (const std::string_view before : {"-- TOC entry ", " (class ", " OID "}) {
    if (!comment.starts_with(before)) return std::nullopt;
    comment.remove_prefix(before.size());
    const auto [end, failure] = std::from_chars(comment.data(), comment.data() + comment.size(), numbers[number++]);
    if (failure != std::errc()) return std::nullopt;
    comment.remove_prefix(static_cast<std::size_t>(end - comment.data()));
  }
  if (!comment.starts_with(")")) return std::nullopt;
  return numbers;
}

class ScriptSplitter {
 public:
  explicit ScriptSplitter(std::string_view text) : text_(text), scanner_(text) {}

  std::optional<std::map<int, ScriptEntry>> split() {
    while (at_ < text_.size()) {
      if (scanner_.starts(at_, "--")) {
        take_comment();
        continue;
      }
      const char c = text_[at_];
      // psql is told so what to accept in between, since 2025.
      if (statement_.empty() && (scanner_.starts(at_, "\\restrict ") || scanner_.starts(at_, "\\unrestrict "))) {
        at_ = std::min(text_.find('\n', at_), text_.size());
        continue;
      }
      const std::size_t end = scanner_.behind(at_);
      if (end == std::string_view::npos) return std::nullopt;
      depth_ += (c == '(') - (c == ')');
      if (std::isspace(static_cast<unsigned char>(c)) && statement_.empty()) {
        at_ = end;
        continue;
      }
      statement_.append(text_.substr(at_, end - at_));
      at_ = end;
      if (c == ';' && depth_ == 0) take_statement();
    }
    if (!statement_.empty() || !understood_) return std::nullopt;
    return std::move(entries_);
  }

 private:
  void take_comment() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    const std::string_view line = text_.substr(at_, end - at_);
    at_ = end;
    if (!statement_.empty()) return;
    const auto numbers = numbers_of(line);
    if (!numbers) return;
    entry_ = &entries_[static_cast<int>((*numbers)[0])];
    entry_->catalogue = (*numbers)[1];
    entry_->oid = (*numbers)[2];
  }

  void take_statement() {
    const std::string statement = std::move(statement_);
    statement_.clear();
    // Set for the entry that follows, hence at the end of the one before.
    if (statement.starts_with("SET default_tablespace = ")) {
      tablespace_ = statement;
      return;
    }
    if (statement.starts_with("SET default_table_access_method = ")) return;  // no index or constraint asks for it
    if (statement.starts_with("SET client_encoding = ")) understood_ &= statement == "SET client_encoding = 'UTF8';";
    if (statement.starts_with("SET standard_conforming_strings = ")) understood_ &= statement == "SET standard_conforming_strings = on;";
    if (entry_ == nullptr) return;
    if (entry_->sql.empty() && !tablespace_.empty()) entry_->sql = tablespace_ + "\n";
    entry_->sql += statement + "\n";
  }

  std::string_view text_;
  ScriptScanner scanner_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string statement_, tablespace_;
  std::map<int, ScriptEntry> entries_;
  ScriptEntry* entry_ = nullptr;
  bool understood_ = true;
};

}  // namespace

std::optional<std::map<int, ScriptEntry>> split_restore_script(std::string_view script) { return ScriptSplitter(script).split(); }

}  // namespace pgconvoy
