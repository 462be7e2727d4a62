// Who may ask, and who may change something. Pure but for the making of a token.
//
// A page of another site can make a browser send requests to this server: by its own name that is led to our address (DNS
// rebinding, hence the check of Host), or right to it (hence Origin, and a header that no foreign page can set).
#pragma once

#include <optional>
#include <set>
#include <string>

#include "engine/core/secret.hpp"
#include "engine/web/message.hpp"

namespace pgconvoy::web {

class AccessToken {
 public:
  AccessToken() : value_(random_secret()) {}
  explicit AccessToken(Secret value) : value_(std::move(value)) {}

  const Secret& value() const { return value_; }
  // True for "Bearer TOKEN". Takes as long for a wrong token as for the right one, whatever its length and wherever it differs.
  bool allows(const std::string& authorization) const;

 private:
  Secret value_;
};

// The names that this server is asked by: localhost, 127.0.0.1 and ::1 in any case, with any port, since a tunnel has its own.
struct HostNames {
  std::set<std::string> others;  // in lower case, without a port: the address that is listened at, and those that were allowed

  bool contains(const std::string& host_header) const;
};

// What a request is answered that may not go on; nothing: it may. A request that changes something needs the token, and must come
// from our own page or from no page at all.
std::optional<Response> refuse(const Request& request, const HostNames& names);
std::optional<Response> refuse_change(const Request& request, const AccessToken& token);

}  // namespace pgconvoy::web
