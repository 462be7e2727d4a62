// A value that many hold and nobody changes: copies share it. Who wants another one changes a copy of his own (edit()).
// A container's reading members stand in for the container; its JSON form is the value's. Not for changing from several
// threads at a time.
#pragma once

#include <memory>
#include <utility>

#include "engine/core/json.hpp"

namespace pgconvoy {

template <class T>
class Shared {
 public:
  Shared() = default;
  Shared(T value) : value_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const { return value_ ? *value_ : nothing(); }
  const T* operator->() const { return &**this; }
  operator const T&() const { return **this; }

  // The value for changing; a copy of it when others hold it too.
  T& edit() {
    if (!value_ || value_.use_count() > 1) value_ = std::make_shared<T>(**this);
    return *value_;
  }
  bool is_same_as(const Shared& other) const { return value_ == other.value_; }

  auto begin() const { return (**this).begin(); }
  auto end() const { return (**this).end(); }
  auto size() const { return (**this).size(); }
  bool empty() const { return (**this).empty(); }
  template <class Key>
  auto find(const Key& key) const {
    return (**this).find(key);
  }
  template <class Key>
  bool contains(const Key& key) const {
    return (**this).contains(key);
  }
  template <class Key>
  const auto& at(const Key& key) const {
    return (**this).at(key);
  }
  template <class Key>
  auto& operator[](const Key& key) {
    return edit()[key];
  }

 private:
  static const T& nothing() {
    static const T value{};
    return value;
  }

  std::shared_ptr<T> value_;  // none: a value as it is made without arguments
};

}  // namespace pgconvoy

namespace nlohmann {
template <class T>
struct adl_serializer<pgconvoy::Shared<T>> {
  static void to_json(json& target, const pgconvoy::Shared<T>& value) { target = *value; }
  static void from_json(const json& source, pgconvoy::Shared<T>& value) { value = pgconvoy::Shared<T>(source.get<T>()); }
};
}  // namespace nlohmann
