# Every third-party library is named here, once. docs/ARCHITECTURE.md gives the reason for each;
# cmake/syncengineConfig.cmake.in asks for the same ones when an installed package is used.

# The found targets must be visible to a project that adds this one as a subdirectory.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET GLOBAL libzstd)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET GLOBAL libxxhash)
pkg_check_modules(lmdb REQUIRED IMPORTED_TARGET GLOBAL lmdb)

set(SYNCENGINE_CORE_LIBRARIES
  absl::any_invocable absl::base absl::btree absl::cleanup absl::core_headers absl::flat_hash_map
  absl::flat_hash_set absl::function_ref absl::hash absl::node_hash_map absl::span absl::status
  absl::statusor absl::str_format absl::strings absl::synchronization absl::time
  OpenSSL::Crypto PkgConfig::zstd PkgConfig::xxhash PkgConfig::lmdb Threads::Threads)

# Headers used inside .cc files only: an installed package does not ask its user for them.
if(SYNCENGINE_BUILD_HTTP)
  find_package(Boost 1.81 REQUIRED)
  find_package(CURL REQUIRED)
  set(SYNCENGINE_HTTP_LIBRARIES $<BUILD_INTERFACE:Boost::headers> CURL::libcurl OpenSSL::SSL)
endif()
if(SYNCENGINE_BUILD_HTTP OR SYNCENGINE_BUILD_EXAMPLES)
  find_package(nlohmann_json 3.11 REQUIRED)
  list(APPEND SYNCENGINE_HTTP_LIBRARIES $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)
endif()
if(SYNCENGINE_BUILD_EXAMPLES)
  find_package(CLI11 2.1 REQUIRED)
endif()
if(SYNCENGINE_BUILD_TESTING)
  find_package(GTest REQUIRED)
endif()
if(SYNCENGINE_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
