#include "engine/clients/image_manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/clients/archive_reader.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

constexpr int kDeepestIndex = 4;

std::string text_of(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : std::string();
}

Error not_as_it_should_be(const std::string& what) { return Error(ErrorKind::corrupt, what); }

std::string platform_of(const json& object) {
  if (!object.contains("platform") || !object["platform"].is_object()) return {};
  const json& platform = object["platform"];
  std::string text = text_of(platform, "os") + "/" + text_of(platform, "architecture");
  if (const auto variant = text_of(platform, "variant"); !variant.empty()) text += "/" + variant;
  return printable(text);
}

Result<Descriptor> read_descriptor(const json& object) {
  Descriptor descriptor;
  TRY(descriptor.digest, checked_digest(text_of(object, "digest")));
  descriptor.media_type = text_of(object, "mediaType");
  if (object.contains("size") && object["size"].is_number_integer()) descriptor.size = object["size"].get<std::int64_t>();
  if (descriptor.size < 0) return not_as_it_should_be(fmt::format("{} has no size", descriptor.digest));
  descriptor.platform = platform_of(object);
  if (object.contains("annotations"))
    for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"})
      if (descriptor.name.empty()) descriptor.name = printable(text_of(object["annotations"], key));
  return descriptor;
}

bool is_attestation(const json& object) {
  return platform_of(object) == "unknown/unknown" ||
         (object.contains("annotations") && !text_of(object["annotations"], "vnd.docker.reference.type").empty());
}

bool is_layer(const std::string& media_type) {
  return media_type.starts_with("application/vnd.oci.image.layer.") || media_type.starts_with("application/vnd.docker.image.rootfs.");
}

Result<std::vector<Descriptor>> layers_of(const json& manifest, const std::string& what, std::uint64_t most) {
  if (!manifest.is_object() || !manifest.contains("layers") || !manifest["layers"].is_array())
    return not_as_it_should_be(manifest.is_object() && manifest.contains("fsLayers")
                                   ? fmt::format("{} is a manifest of schema 1, which is no longer read; push the image again", what)
                                   : fmt::format("{} is no manifest of an image", what));
  if (manifest["layers"].size() > most) return Error(ErrorKind::refused, fmt::format("{} has more than {} layers", what, most));
  std::vector<Descriptor> layers;
  for (const json& object : manifest["layers"]) {
    TRY(auto layer, read_descriptor(object));
    if (!is_layer(layer.media_type))
      return not_as_it_should_be(fmt::format("{} is no image: it has a part of type \"{}\"", what, printable(layer.media_type)));
    layers.push_back(std::move(layer));
  }
  return layers;
}

bool fits(const std::string& platform, const std::string& wanted) {
  return platform == wanted || (platform.starts_with(wanted) && platform[wanted.size()] == '/');
}

}  // namespace

bool Descriptor::is_index() const {
  return media_type == "application/vnd.oci.image.index.v1+json" ||
         media_type == "application/vnd.docker.distribution.manifest.list.v2+json";
}

Result<std::string> checked_digest(const std::string& digest) {
  constexpr std::string_view kPrefix = "sha256:";
  const bool right = digest.size() == kPrefix.size() + 64 && digest.starts_with(kPrefix) &&
                     std::all_of(digest.begin() + kPrefix.size(), digest.end(),
                                 [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!right) return Error(ErrorKind::refused, fmt::format("\"{}\" is no digest that is read here (sha256)", shortened(printable(digest), 100)));
  return digest;
}

Result<json> parse_document(const std::string& text, const std::string& what) {
  json document = json::parse(text, nullptr, false);
  if (document.is_discarded()) return not_as_it_should_be(fmt::format("{} is no JSON", what));
  return document;
}

Result<std::vector<Descriptor>> read_index(const json& document) {
  if (!document.is_object() || !document.contains("manifests") || !document["manifests"].is_array())
    return not_as_it_should_be("the index has no list of manifests");
  std::vector<Descriptor> all;
  for (const json& object : document["manifests"]) {
    if (!object.is_object()) return not_as_it_should_be("the index names something that is no manifest");
    if (is_attestation(object)) continue;
    TRY(auto descriptor, read_descriptor(object));
    all.push_back(std::move(descriptor));
  }
  return all;
}

Result<std::vector<Descriptor>> for_platform(const std::vector<Descriptor>& all, const std::string& platform) {
  if (all.empty()) return Error(ErrorKind::not_found, "the index names no image");
  if (all.size() == 1 && platform.empty()) return all;
  const std::string wanted = platform.empty() ? "linux/amd64" : platform;
  std::vector<Descriptor> chosen;
  std::set<std::string> there;
  for (const Descriptor& one : all) {
    if (one.platform.empty() || fits(one.platform, wanted)) chosen.push_back(one);
    there.insert(one.platform);
  }
  if (chosen.empty()) {
    std::string list;
    for (const auto& name : there) list += (list.empty() ? "" : ", ") + name;
    return Error(ErrorKind::not_found, fmt::format("no image for {}; there is {}", wanted, shortened(list, 300)), "--platform chooses another");
  }
  return chosen;
}

Result<ResolvedImage> resolve_image(const DocumentReader& read, Descriptor top, const std::string& platform, std::uint64_t most_layers) {
  ResolvedImage image;
  image.name = top.name;
  for (int depth = 0; depth < kDeepestIndex; ++depth) {
    TRY(const std::string text, read(top));
    TRY(const json document, parse_document(text, top.label()));
    const bool index = document.is_object() && document.contains("manifests");
    if (!index) {
      TRY(image.layers, layers_of(document, top.label(), most_layers));
      if (image.name.empty()) image.name = top.digest;
      return image;
    }
    TRY(const auto all, read_index(document));
    TRY(auto chosen, for_platform(all, platform));
    top = std::move(chosen.front());
    if (image.name.empty()) image.name = top.name;
  }
  return not_as_it_should_be("an index names an index, and so on: too deep");
}

Result<std::vector<ResolvedImage>> resolve_saved_images(const std::string& manifest, const DocumentReader& read, std::uint64_t most_layers) {
  TRY(const json document, parse_document(manifest, "manifest.json"));
  if (!document.is_array() || document.empty()) return not_as_it_should_be("manifest.json names no image");
  std::vector<ResolvedImage> images;
  for (const json& object : document) {
    ResolvedImage image;
    if (!object.is_object() || !object.contains("Layers") || !object["Layers"].is_array())
      return not_as_it_should_be("manifest.json names an image without layers");
    if (object["Layers"].size() > most_layers) return Error(ErrorKind::refused, fmt::format("an image has more than {} layers", most_layers));
    Descriptor configuration;
    TRY(configuration.path, clean_path(text_of(object, "Config")));
    if (object.contains("RepoTags") && object["RepoTags"].is_array() && !object["RepoTags"].empty() && object["RepoTags"][0].is_string())
      image.name = printable(object["RepoTags"][0].get<std::string>());
    if (image.name.empty()) image.name = configuration.path;
    TRY(const std::string text, read(configuration));
    TRY(const json config, parse_document(text, configuration.path));
    json ids;
    if (config.is_object() && config.contains("rootfs") && config["rootfs"].is_object() && config["rootfs"].contains("diff_ids"))
      ids = config["rootfs"]["diff_ids"];
    if (!ids.is_array() || ids.size() != object["Layers"].size())
      return not_as_it_should_be(fmt::format("{}: {} layers in manifest.json, {} in its configuration", image.name, object["Layers"].size(), ids.size()));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!object["Layers"][i].is_string() || !ids[i].is_string()) return not_as_it_should_be("manifest.json names a layer that is no path");
      Descriptor layer;
      TRY(layer.path, clean_path(object["Layers"][i].get<std::string>()));
      TRY(layer.diff_id, checked_digest(ids[i].get<std::string>()));
      constexpr std::string_view kBlobs = "blobs/sha256/";
      if (layer.path.starts_with(kBlobs)) {
        TRY(layer.digest, checked_digest("sha256:" + layer.path.substr(kBlobs.size())));
      }
      image.layers.push_back(std::move(layer));
    }
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace pgconvoy::clients
