// The one JSON type of the project. Objects keep the order of their keys sorted, so that a dump is canonical
// and can be digested.
#pragma once

#include <nlohmann/json.hpp>

namespace pgconvoy {

using json = nlohmann::json;

}  // namespace pgconvoy

// std::optional is null or the value, in both directions.
namespace nlohmann {
template <class T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& target, const std::optional<T>& value) {
    if (value)
      target = *value;
    else
      target = nullptr;
  }
  static void from_json(const json& source, std::optional<T>& value) {
    if (source.is_null())
      value.reset();
    else
      value = source.get<T>();
  }
};
}  // namespace nlohmann
