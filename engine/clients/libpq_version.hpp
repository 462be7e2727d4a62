// Which version a libpq is, from the file itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgconvoy::clients {

// Whether a file of this name is libpq: libpq.so.5.15, libpq.so.5, libpq-e8a033dd.so.5.16 (in a wheel of Python).
bool named_like_libpq(std::string_view base_name);

// What PQlibVersion() of the shared library `elf` returns: 150018, 90624. The function's symbol is looked up and its
// constant read from the machine code (x86-64 and aarch64, little endian); nothing is run. 0 when it can't be told:
// another architecture, no such symbol (before 9.1), damaged. Source: PostgreSQL manual, libpq, PQlibVersion.
int lib_version_of(std::string_view elf);

// 150018 -> "15.18", 90624 -> "9.6.24". "" for 0.
std::string version_text(int number);

// "libpq.so.5.9" -> "9.6", "libpq.so.5.15" -> "15": since 8.2 the minor number counts releases. "" without one.
std::string version_by_name(std::string_view base_name);

}  // namespace pgconvoy::clients
