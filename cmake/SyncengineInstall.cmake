# What `cmake --install` lays down: static libraries, public headers, the package for find_package and a
# .pc file a component. Nothing in it names the place it was installed to, so the prefix can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/syncengine)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# syncengine_pkgconfig(COMPONENT): the .pc file. Everything is static, so all requirements are public.
function(syncengine_pkgconfig component)
  get_target_property(type syncengine_${component} TYPE)
  set(PC_COMPONENT ${component})
  set(PC_LIBS "")
  if(NOT type STREQUAL "INTERFACE_LIBRARY")
    set(PC_LIBS "-L\${libdir} -lsyncengine_${component}")
  endif()
  set(requires "")
  if(component STREQUAL "core")
    foreach(library IN LISTS SYNCENGINE_CORE_LIBRARIES)
      if(library MATCHES "^absl::(.*)$")
        list(APPEND requires absl_${CMAKE_MATCH_1})
      endif()
    endforeach()
    list(APPEND requires libcrypto libzstd libxxhash lmdb)
    string(APPEND PC_LIBS " -pthread")
  else()
    list(APPEND requires "syncengine-core = ${PROJECT_VERSION}")
  endif()
  if(component STREQUAL "http")
    list(APPEND requires libcurl libssl)
  elseif(component STREQUAL "testing")
    list(APPEND requires gmock)
  endif()
  list(JOIN requires ", " PC_REQUIRES)
  file(RELATIVE_PATH PC_UP /${pkgconfig_dir} /)
  string(REGEX REPLACE "/$" "" PC_UP ${PC_UP})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/syncengine.pc.in
    ${PROJECT_BINARY_DIR}/package/syncengine-${component}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/package/syncengine-${component}.pc DESTINATION ${pkgconfig_dir})
endfunction()

foreach(component IN LISTS SYNCENGINE_COMPONENTS)
  install(TARGETS syncengine_${component} EXPORT syncengine-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT syncengine-${component} NAMESPACE syncengine::
    FILE syncengine-${component}.cmake DESTINATION ${package_dir})
  syncengine_pkgconfig(${component})
endforeach()
if(TARGET syncengine_cli)
  install(TARGETS syncengine_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/syncengine DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/syncengineConfig.cmake.in
  ${PROJECT_BINARY_DIR}/package/syncengineConfig.cmake INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/syncengineConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/syncengineConfig.cmake
  ${PROJECT_BINARY_DIR}/package/syncengineConfigVersion.cmake DESTINATION ${package_dir})
