// The answer of a gatherer's query, which is one row with one JSON document, as the facts it holds.
#pragma once

#include <fmt/format.h>

#include <string>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

// A document that was parsed already. Error of kind corrupt when it is not of that form.
template <class Facts>
Result<Facts> decode_parsed(const std::string& what, const json& document) {
  try {
    return document.get<Facts>();
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("{}: the server's answer can't be read: {}", what, failure.what()));
  }
}

// Error of kind corrupt when it is not one document, or not of that form. A server whose maintenance database is
// SQL_ASCII may send bytes that are no UTF-8: that is such a case, and it is said rather than guessed.
template <class Facts>
Result<Facts> decode_document(const std::string& what, const Rows& answer) {
  if (answer.size() != 1 || answer.columns.size() != 1)
    return Error(ErrorKind::corrupt,
                 fmt::format("{}: the server answered with {} rows instead of one document", what, answer.size()));
  try {
    return json::parse(answer.text(0, 0)).template get<Facts>();
  } catch (const json::exception& failure) {
    return Error(ErrorKind::corrupt, fmt::format("{}: the server's answer can't be read: {}", what, failure.what()));
  }
}

}  // namespace pgconvoy
