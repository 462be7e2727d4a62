#include "engine/clients/registry.hpp"

#include "engine/clients/http.hpp"
#include "engine/clients/registry_login.hpp"
#include "engine/clients/running_process.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
using namespace pgconvoy::clients;

TEST_CASE("registry: references", "[clients]") {
  const auto parsed = [](const std::string& source) {
    const auto image = parse_registry_reference(source);
    return image ? std::string(image->tls ? "tls " : "plain ") + image->host + " " + image->repository + " " + image->reference : to_string(image.error().kind);
  };
  const std::string digest = "sha256:" + std::string(64, 'a');
  CHECK(parsed("registry://r.example.org/team/shop:1.4") == "tls r.example.org team/shop 1.4");
  CHECK(parsed("registry://r.example.org:5000/shop") == "tls r.example.org:5000 shop latest");
  CHECK(parsed("registry+http://127.0.0.1:5000/shop:A_1.2-x") == "plain 127.0.0.1:5000 shop A_1.2-x");
  CHECK(parsed("registry://r/shop:1@" + digest) == "tls r shop " + digest);
  CHECK(parsed("registry://docker.io/postgres:13") == "tls registry-1.docker.io library/postgres 13");
  CHECK(parsed("registry://user:secret@r/shop") == "refused");
  for (const char* wrong : {"registry://r", "registry:///shop", "registry://r/", "registry://r/../x", "registry://r/a?b=c", "registry://r/shop:a/b", "registry://r/shop@sha256:1", "registry://r x/shop"})
    CHECK((parsed(wrong) == "usage" || parsed(wrong) == "refused"));
  const auto refused = parse_registry_reference("registry://user:hush@r/shop");
  CHECK(describe(refused.error()).find("hush") == std::string::npos);
}

TEST_CASE("scan: a source with a login in it is known as one", "[clients]") {
  CHECK(carries_login("registry://user:hush@r/shop"));
  CHECK(carries_login("https://user@r/shop"));
  CHECK(carries_login("registry://user:hush@r"));
  CHECK_FALSE(carries_login("registry://r/shop@sha256:1"));
  CHECK_FALSE(carries_login("/srv/a@b"));
}

TEST_CASE("registry: what it asks for", "[clients]") {
  const Challenge challenge = read_challenge(R"(Bearer realm="https://auth.example.org/token?x=1",service="reg, \"1\"",Scope=pull)");
  CHECK(challenge.scheme == "bearer");
  CHECK(challenge.values.at("service") == "reg, \"1\"");
  CHECK(challenge.values.at("scope") == "pull");
  CHECK(*token_url(challenge, "team/shop", true) == "https://auth.example.org/token?x=1&service=reg%2C%20%221%22&scope=repository%3Ateam%2Fshop%3Apull");
  CHECK(read_challenge("").scheme.empty());
  CHECK(read_challenge("Basic").scheme == "basic");
  read_challenge("Bearer realm=\"never closed");
}

TEST_CASE("registry: a token isn't fetched in the clear", "[clients]") {
  const auto kind = [](const char* realm, bool tls) {
    const auto url = token_url({"bearer", {{"realm", realm}}}, "x", tls);
    return url ? "fine" : to_string(url.error().kind);
  };
  CHECK(kind("http://auth.example.org/token", true) == std::string("refused"));
  CHECK(kind("http://auth.example.org/token", false) == std::string("refused"));
  CHECK(kind("http://127.0.0.1/token", true) == std::string("refused"));
  CHECK(kind("http://127.0.0.1/token", false) == std::string("fine"));
  CHECK(kind("file:///etc/passwd", false) == std::string("refused"));
}

TEST_CASE("registry: logins of Docker's configuration", "[clients]") {
  // user:pass:word
  const std::string config = R"({"auths":{"r:5000":{"auth":"dXNlcjpwYXNzOndvcmQ="},"https://index.docker.io/v1/":{"username":"u","password":"p"},"bad":{"auth":"?"},"none":{}}})";
  const auto login = login_in_docker_config(config, "r:5000");
  REQUIRE(login);
  REQUIRE(login->has_value());
  CHECK((*login)->user == "user");
  CHECK((*login)->password.reveal() == "pass:word");
  CHECK((*login_in_docker_config(config, "registry-1.docker.io"))->user == "u");
  for (const char* host : {"r", "bad", "none", "other"}) CHECK_FALSE(*login_in_docker_config(config, host));
  CHECK_FALSE(login_in_docker_config("{", "r"));
}

TEST_CASE("running process: what it has mapped, each file once", "[clients]") {
  const auto files = mapped_files(
      "55d0-55d1 r--p 00000000 fe:01 100 /usr/bin/psql\n"
      "7f00-7f10 r--p 00000000 fe:01 200                        /usr/lib/libpq.so.5.15 (deleted)\n"
      "7f10-7f20 r-xp 00010000 fe:01 200                        /usr/lib/libpq.so.5.15 (deleted)\n"
      "7f20-7f30 rw-p 00000000 00:00 0 \n"
      "7f30-7f40 rw-s 00000000 00:05 7 /dev/shm/x\n"
      "7f40-7f50 r--p 00000000 fe:01 300 /opt/a path/with blanks.so\n"
      "7ffc-7ffd rw-p 00000000 00:00 0 [stack]\n");
  REQUIRE(files.size() == 3);
  CHECK(files[1].path == "/usr/lib/libpq.so.5.15");
  CHECK(files[1].deleted);
  CHECK(files[1].range == "7f00-7f10");
  CHECK(files[2].path == "/opt/a path/with blanks.so");
}

TEST_CASE("http: hosts", "[clients]") {
  CHECK(host_in_url("https://user@r.example.org:5000/x@y") == "r.example.org");
  CHECK(host_in_url("http://[::1]:5000/") == "::1");
  CHECK(host_in_url("nothing") == "");
  CHECK(is_loopback("127.1.2.3"));
  CHECK_FALSE(is_loopback("r.example.org"));
}
