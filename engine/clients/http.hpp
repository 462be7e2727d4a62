// GET over HTTP and HTTPS by libcurl, pulled block by block. Certificates are always verified; redirects are followed a few
// times, never from https to http, and without credentials when they lead to another host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/clients/byte_source.hpp"
#include "engine/core/secret.hpp"

namespace pgconvoy::clients {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // "Accept: ..."
  Secret bearer;                     // a token; else
  std::string user;                  // Basic, when one is given
  Secret password;
  std::string ca_file;               // "": the system's
};

class HttpResponse : public ByteSource {
 public:
  virtual int status() const = 0;
  // All values of a header of the last response, its name in any case.
  virtual std::vector<std::string> headers(const std::string& name) const = 0;
};

// Returns when the answer's head is there; `next` gives its body. Limits: 15 s to connect, 60 s below 500 bytes a second.
// Errors: unreachable (also for a certificate that isn't trusted), timeout; retryable when the connection was lost.
Result<std::unique_ptr<HttpResponse>> http_get(const HttpRequest& request);

// For a query: everything but letters, digits and -._~ as %XX.
std::string url_encoded(const std::string& text);
// "registry.example.org" of an URL, without its port; "" for none.
std::string host_in_url(const std::string& url);
bool is_loopback(const std::string& host);

}  // namespace pgconvoy::clients
