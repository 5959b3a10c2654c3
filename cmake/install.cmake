# SPDX-License-Identifier: MIT
# What `cmake --install` puts where: libraries, headers, the command, and how
# others find them, by CMake and by pkg-config.
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/pagesim)

set_target_properties(pagesim_runner PROPERTIES EXPORT_NAME runner)
install(TARGETS pagesim pagesim_runner EXPORT pagesimTargets)
install(DIRECTORY include/pagesim DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT pagesimTargets NAMESPACE pagesim:: DESTINATION ${package})
if(PAGESIM_COMMAND)
	install(TARGETS pagesim_command)
endif()

# The explorer, and what compiles programs for it; that looks for the library
# where it was built, and from where it lies.
if(PAGESIM_EXPLORE)
	install(TARGETS pagesim_explore)
	if(PAGESIM_COMMAND)
		install(TARGETS pagesim_explore_command)
	endif()
	install(PROGRAMS ${CMAKE_CURRENT_BINARY_DIR}/pagesim-cc
		DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(cmake/pagesimConfig.cmake.in
	${CMAKE_CURRENT_BINARY_DIR}/pagesimConfig.cmake
	INSTALL_DESTINATION ${package})
write_basic_package_version_file(
	${CMAKE_CURRENT_BINARY_DIR}/pagesimConfigVersion.cmake
	COMPATIBILITY SameMinorVersion)
install(FILES
	${CMAKE_CURRENT_BINARY_DIR}/pagesimConfig.cmake
	${CMAKE_CURRENT_BINARY_DIR}/pagesimConfigVersion.cmake
	DESTINATION ${package})

# Found from where the .pc file lies: the prefix is known at install only.
set(pkgconfig ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH up_to_prefix /prefix/${pkgconfig} /prefix)
foreach(name pagesim pagesim-runner)
	configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
	install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc
		DESTINATION ${pkgconfig})
endforeach()
