# Every third-party library is named here, once. docs/ARCHITECTURE.md gives the reason for each.
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
find_path(LMDB_INCLUDE_DIR lmdb.h REQUIRED)
find_library(LMDB_LIBRARY lmdb REQUIRED)
add_library(syncengine_lmdb_dependency INTERFACE)
target_include_directories(syncengine_lmdb_dependency SYSTEM INTERFACE ${LMDB_INCLUDE_DIR})
target_link_libraries(syncengine_lmdb_dependency INTERFACE ${LMDB_LIBRARY})

set(SYNCENGINE_CORE_LIBRARIES
  absl::any_invocable absl::base absl::btree absl::cleanup absl::core_headers absl::flat_hash_map
  absl::flat_hash_set absl::function_ref absl::hash absl::node_hash_map absl::span absl::status
  absl::statusor absl::str_format absl::strings absl::synchronization absl::time
  OpenSSL::Crypto PkgConfig::zstd PkgConfig::xxhash syncengine_lmdb_dependency Threads::Threads)

if(SYNCENGINE_BUILD_HTTP)
  find_package(Boost 1.81 REQUIRED)
  find_package(CURL REQUIRED)
  set(SYNCENGINE_HTTP_LIBRARIES Boost::headers CURL::libcurl OpenSSL::SSL)
endif()
if(SYNCENGINE_BUILD_HTTP OR SYNCENGINE_BUILD_EXAMPLES)
  find_package(nlohmann_json 3.11 REQUIRED)
  list(APPEND SYNCENGINE_HTTP_LIBRARIES nlohmann_json::nlohmann_json)
endif()
if(SYNCENGINE_BUILD_EXAMPLES)
  find_package(CLI11 2.1 REQUIRED)
endif()
if(SYNCENGINE_BUILD_TESTS OR SYNCENGINE_BUILD_BENCHMARKS)
  find_package(GTest REQUIRED)
endif()
if(SYNCENGINE_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
