// Catch2, taught to print a Result: REQUIRE(result) shows the error's description when there is no value.
#pragma once

#include <catch2/catch.hpp>

#include "engine/core/error.hpp"

template <class T>
struct Catch::StringMaker<pgconvoy::Result<T>> {
  static std::string convert(const pgconvoy::Result<T>& result) {
    return result ? "a value" : "error: " + pgconvoy::describe(result.error());
  }
};
