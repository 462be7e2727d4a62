#include "engine/facts/image_clients.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "engine/clients/scan.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(ImageClient, kind, version, path, scram, because)
PGCONVOY_JSON_FIELDS(ImageClients, environment, image, unreadable_because, clients)

namespace {

// A check waits that long for one image, and reads that much of a layer; pgconvoy scan has no such limits.
constexpr std::chrono::seconds kTimeForImage{120};
constexpr std::uint64_t kBytesOfLayer = std::uint64_t{8} << 30;
constexpr std::size_t kMostClients = 50;  // of one image; those that can't speak SCRAM first

// Only the loop's thread comes here.
ScanOptions options_of_this_process() {
  static const std::shared_ptr<clients::LayerCache> cache = make_layer_cache();
  ScanOptions options = scan_options_from_environment();
  options.cache = cache;
  options.limits.unpacked = kBytesOfLayer;
  options.limits.until = std::chrono::steady_clock::now() + kTimeForImage;
  return options;
}

// Sources that were given up for their size: other environments of this process name the same. Only the loop's thread comes here.
std::map<std::string, Error>& given_up() {
  static std::map<std::string, Error> sources;
  return sources;
}

Error not_looked_at(Error error) {
  error.message = fmt::format("not looked at ({}); pgconvoy scan takes its time", error.message);
  return error;
}

std::vector<ImageClient> clients_in(const std::vector<ClientScan>& scans) {
  std::vector<ImageClient> found;
  for (const ClientScan& scan : scans)
    for (const FoundClient& client : scan.clients) found.push_back({client.kind, client.version, client.path, to_string(client.scram), client.because});
  const auto rank = [](const ImageClient& client) { return client.scram == "no" ? 0 : client.scram == "yes" ? 2 : 1; };
  std::stable_sort(found.begin(), found.end(), [&rank](const ImageClient& one, const ImageClient& other) { return rank(one) < rank(other); });
  if (found.size() > kMostClients) found.resize(kMostClients);
  return found;
}

}  // namespace

Task<Result<json>> read_image_clients(const InquiryContext& context) {
  std::vector<ImageClients> images;
  for (const std::string& id : context.target.environments) {
    const Environment& environment = context.fleet.environments.at(id);
    const bool binds = std::any_of(environment.bindings.begin(), environment.bindings.end(),
                                   [&context](const Binding& binding) { return binding.instance == context.instance.id; });
    if (!binds) continue;
    ImageClients image;
    image.environment = id;
    image.image = environment.image;
    if (!image.image.empty()) {
      auto scan = [source = image.image, options = options_of_this_process()] { return scan_source(source, options); };
      Result<std::vector<ClientScan>> scanned = Error(ErrorKind::internal, "not scanned");
      if (const auto before = given_up().find(image.image); before != given_up().end()) {
        scanned = before->second;
      } else {
        scanned = co_await run_blocking(context.pool, scan);
        if (!scanned && (scanned.error().kind == ErrorKind::timeout || scanned.error().kind == ErrorKind::refused)) {
          scanned = not_looked_at(scanned.error());
          given_up().emplace(image.image, scanned.error());
        }
      }
      if (scanned)
        image.clients = clients_in(*scanned);
      else
        image.unreadable_because = scanned.error().message;
    }
    images.push_back(std::move(image));
  }
  co_return json(images);
}

}  // namespace pgconvoy
