# How the folders of the house become targets.

add_library(syncengine_flags INTERFACE)
target_compile_options(syncengine_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Wno-missing-field-initializers $<$<CXX_COMPILER_ID:GNU>:-fdiagnostics-color=auto>)
if(SYNCENGINE_SANITIZE)
  add_compile_options(-fsanitize=${SYNCENGINE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SYNCENGINE_SANITIZE})
  # ThreadSanitizer must see what a mutex orders, and the system's Abseil is not compiled with it.
  # The classes that take its place are hidden, of which GCC would warn at every class with such a member.
  if(SYNCENGINE_SANITIZE MATCHES "thread")
    include_directories(BEFORE ${PROJECT_SOURCE_DIR}/tests/tsan/include)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-attributes>)
  endif()
endif()
find_program(SYNCENGINE_MOLD mold)
if(SYNCENGINE_MOLD AND CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_link_options(-fuse-ld=mold)
endif()

# syncengine_component(NAME ROOMS room... LIBRARIES library...): the static library syncengine::NAME from
# every .cc of src/ROOM; NAME is added to SYNCENGINE_COMPONENTS. A room without sources is headers only.
set(SYNCENGINE_COMPONENTS "")
function(syncengine_component name)
  cmake_parse_arguments(ARG "" "" "ROOMS;LIBRARIES" ${ARGN})
  set(sources "")
  foreach(room IN LISTS ARG_ROOMS)
    file(GLOB room_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/*.cc)
    list(APPEND sources ${room_sources})
  endforeach()
  if(sources)
    add_library(syncengine_${name} STATIC ${sources})
    target_include_directories(syncengine_${name} PUBLIC
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    target_include_directories(syncengine_${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_features(syncengine_${name} PUBLIC cxx_std_20)
    target_link_libraries(syncengine_${name} PUBLIC ${ARG_LIBRARIES}
      PRIVATE $<BUILD_INTERFACE:syncengine_flags>)
    set_target_properties(syncengine_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  else()
    add_library(syncengine_${name} INTERFACE)
    target_include_directories(syncengine_${name} INTERFACE
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
    target_compile_features(syncengine_${name} INTERFACE cxx_std_20)
    target_link_libraries(syncengine_${name} INTERFACE ${ARG_LIBRARIES})
    set_target_properties(syncengine_${name} PROPERTIES EXPORT_NAME ${name})
  endif()
  add_library(syncengine::${name} ALIAS syncengine_${name})
  set(SYNCENGINE_COMPONENTS ${SYNCENGINE_COMPONENTS} ${name} PARENT_SCOPE)
endfunction()

# syncengine_room_tests(ROOM LIBRARIES library...): one test program from every tests/ROOM/*_test.cc.
function(syncengine_room_tests room)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${room}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${room}_tests ${sources})
  target_include_directories(${room}_tests PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${room}_tests PRIVATE syncengine_flags syncengine::testing ${ARG_LIBRARIES}
    GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${room}_tests TEST_PREFIX ${room}/ DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
endfunction()
