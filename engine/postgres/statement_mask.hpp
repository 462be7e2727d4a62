// Finds the literals of a statement that hold a secret, so that neither the statement nor a message that repeats
// a part of it shows them.
#pragma once

#include <string>
#include <vector>

namespace pgconvoy {

struct MaskedStatement {
  std::string text;                  // the statement, secrets replaced by ***
  std::vector<std::string> secrets;  // what was replaced, as it stood in the statement
  bool speaks_of_password = false;

  // A server's message with the secrets replaced; and when the statement speaks of a password, with what the
  // message quotes of the statement ("at or near ...") replaced as well, since that may be an unquoted one.
  std::string without_secrets(std::string message) const;
};

MaskedStatement masked_statement(const std::string& sql);

}  // namespace pgconvoy
