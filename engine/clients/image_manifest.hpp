// What an image is made of, as its documents say: OCI image index and manifest (image specification 1.1), Docker's
// manifest list and manifest (schema 2), and the manifest.json of `docker save`. Pure: documents are fetched by the caller.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace pgconvoy::clients {

struct Descriptor {
  std::string media_type;
  std::string digest;      // "sha256:" and 64 hexadecimal digits; "" in an archive of `docker save` that names paths
  std::int64_t size = -1;  // bytes; -1 when it isn't said
  std::string platform;    // "linux/amd64", "linux/arm64/v8", "" when it isn't said
  std::string name;        // of the image, by its annotations
  std::string path;        // in an archive of `docker save`
  std::string diff_id;     // digest of the layer unpacked, when the configuration says it and `digest` is unknown

  bool is_index() const;
  // What to call it in messages.
  const std::string& label() const { return digest.empty() ? path : digest; }
};

struct ResolvedImage {
  std::string name;    // tag or annotation; else the manifest's digest
  std::vector<Descriptor> layers;  // lowest first
};

// Fetches an index or a manifest, its digest compared already.
using DocumentReader = std::function<Result<std::string>(const Descriptor&)>;

// Error refused for anything but sha256 in lower-case hexadecimal.
Result<std::string> checked_digest(const std::string& digest);
// JSON or error corrupt, which names `what`.
Result<json> parse_document(const std::string& text, const std::string& what);

// The descriptors of an index, those that are no image (attestations) left out. Errors: corrupt, refused.
Result<std::vector<Descriptor>> read_index(const json& document);

// Which of them are for `platform` ("linux/amd64"); with "" that is linux/amd64, or the only one that there is.
// Error not_found names the platforms that there are.
Result<std::vector<Descriptor>> for_platform(const std::vector<Descriptor>& all, const std::string& platform);

// From an index or a manifest down to the layers of one image. `most_layers`: more are refused.
Result<ResolvedImage> resolve_image(const DocumentReader& read, Descriptor top, const std::string& platform, std::uint64_t most_layers);

// The images of a manifest.json; `read` gets descriptors with only a path, for their configurations.
Result<std::vector<ResolvedImage>> resolve_saved_images(const std::string& manifest, const DocumentReader& read, std::uint64_t most_layers);

}  // namespace pgconvoy::clients
