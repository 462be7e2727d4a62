// The one JSON type of the project. Objects keep the order of their keys sorted, so that a dump is canonical
// and can be digested.
#pragma once

#include <nlohmann/json.hpp>

namespace pgconvoy {

using json = nlohmann::json;

}  // namespace pgconvoy

// JSON for a plain struct, declared in its header and defined in one source file: what nlohmann's own macros put
// into every file that includes the header costs seconds of compile time each. Missing keys keep their defaults.
#define PGCONVOY_JSON(Type)                                           \
  void to_json(::nlohmann::json& nlohmann_json_j, const Type& value); \
  void from_json(const ::nlohmann::json& nlohmann_json_j, Type& value)
#define PGCONVOY_JSON_FIELDS(Type, ...)                                                     \
  void to_json(::nlohmann::json& nlohmann_json_j, const Type& nlohmann_json_t) {            \
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_TO, __VA_ARGS__))                \
  }                                                                                         \
  void from_json(const ::nlohmann::json& nlohmann_json_j, Type& nlohmann_json_t) {          \
    const Type nlohmann_json_default_obj{};                                                 \
    NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NLOHMANN_JSON_FROM_WITH_DEFAULT, __VA_ARGS__)) \
  }

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
