# What `cmake --install` puts where, and what `cpack -G DEB` makes of it.
#   runtime      the program, manual pages, completion, examples: `cmake --install BUILD --component runtime`
#   development  the libraries for find_package(pgconvoy): `cmake --install BUILD --component development`
#   system       systemd units, an account, /etc/pgconvoy: only in the package
include(GNUInstallDirs)

install(TARGETS pgconvoy RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
# Written by the program itself, so they say what it does.
install(
  CODE [[
    set(to "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/share")
    set(program "$<TARGET_FILE:pgconvoy>")
    file(REMOVE_RECURSE "${to}/man/man1")
    execute_process(COMMAND "${program}" man --all "${to}/man/man1" COMMAND_ERROR_IS_FATAL ANY)
    file(GLOB pages "${to}/man/man1/pgconvoy*.1")
    execute_process(COMMAND gzip -9nf ${pages} COMMAND_ERROR_IS_FATAL ANY)
    foreach(pair "bash|bash-completion/completions|pgconvoy" "zsh|zsh/vendor-completions|_pgconvoy" "fish|fish/vendor_completions.d|pgconvoy.fish")
      string(REPLACE "|" ";" pair "${pair}")
      list(POP_FRONT pair shell folder name)
      file(MAKE_DIRECTORY "${to}/${folder}")
      execute_process(COMMAND "${program}" completion ${shell} OUTPUT_FILE "${to}/${folder}/${name}" COMMAND_ERROR_IS_FATAL ANY)
    endforeach()]]
  COMPONENT runtime)
set(documents ${CMAKE_INSTALL_DATADIR}/doc/pgconvoy)
install(DIRECTORY docs/ DESTINATION ${documents} COMPONENT runtime FILES_MATCHING PATTERN "*.md")
install(DIRECTORY examples DESTINATION ${documents} COMPONENT runtime USE_SOURCE_PERMISSIONS)
install(DIRECTORY packaging/grafana packaging/prometheus DESTINATION ${documents}/packaging COMPONENT runtime)
install(FILES LICENSE DESTINATION ${documents} RENAME copyright COMPONENT runtime)
install(FILES CHANGELOG.md README.md DESTINATION ${documents} COMPONENT runtime)

# The libraries, layer by layer, with what they stand on.
set(layers pgconvoy_flags)
foreach(layer engine operations conditions runbooks cli)
  if(TARGET pgconvoy_${layer})
    list(APPEND layers pgconvoy_${layer})
  endif()
endforeach()
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/pgconvoy)
install(TARGETS ${layers} EXPORT pgconvoyTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/pgconvoy COMPONENT development)
install(EXPORT pgconvoyTargets NAMESPACE pgconvoy:: DESTINATION ${package} COMPONENT development)
install(DIRECTORY engine operations conditions runbooks cli DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pgconvoy COMPONENT development FILES_MATCHING PATTERN "*.hpp")
include(CMakePackageConfigHelpers)
configure_package_config_file(packaging/pgconvoyConfig.cmake.in ${CMAKE_BINARY_DIR}/pgconvoyConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/pgconvoyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/pgconvoyConfig.cmake ${CMAKE_BINARY_DIR}/pgconvoyConfigVersion.cmake DESTINATION ${package} COMPONENT development)

# Debian's places don't depend on a prefix.
install(DIRECTORY packaging/debian/root/ DESTINATION / COMPONENT system EXCLUDE_FROM_ALL)
install(FILES packaging/systemd/pgconvoy-worker@.service packaging/systemd/pgconvoy-run@.service packaging/systemd/pgconvoy-run@.timer
              packaging/systemd/pgconvoy-metrics.service packaging/systemd/pgconvoy-metrics.timer
        DESTINATION /usr/lib/systemd/system COMPONENT system EXCLUDE_FROM_ALL)

# The version of a package is that of the commit it was made from: the same commit gives the same. From an archive without
# git it is the project's alone.
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
find_package(Git QUIET)
if(GIT_FOUND AND EXISTS ${CMAKE_SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} log -1 --format=%cd.%h --abbrev=10 --date=format-local:%Y%m%d%H%M%S WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                  COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION}+git${commit})
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pgconvoy)
set(CPACK_PACKAGE_CONTACT "The pgconvoy developers <pgconvoy@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "moves fleets of PostgreSQL databases to a new major version")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION_SUMMARY}\n It says beforehand what will happen, does it in parallel per region behind the\n maintenance pages of applications, proves that nothing was lost, and can go\n back.")
set(CPACK_COMPONENTS_ALL runtime system)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "postgresql-client | postgresql-client-15, tzdata, zstd")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "man-db")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus-node-exporter, age")
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
if(NOT PGCONVOY_SANITIZE)
  set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
endif()
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/debian/conffiles ${CMAKE_SOURCE_DIR}/packaging/debian/postinst
                                       ${CMAKE_SOURCE_DIR}/packaging/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
