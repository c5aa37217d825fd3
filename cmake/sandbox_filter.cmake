# Writes generated/sandbox_filter_ARCHITECTURE.inc, the filters that src/sandbox.cc includes. The
# program that prints them runs here, so the compiler is this machine's, whatever it is built for.
# At configure time, as clang-tidy reads sandbox.cc without a build.

find_program(HOST_CXX NAMES c++ g++ clang++ REQUIRED)
set(filter_source ${PROJECT_SOURCE_DIR}/cmake/sandbox_filter.cc)
set(generated ${PROJECT_BINARY_DIR}/generated)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${filter_source})
file(MAKE_DIRECTORY ${generated})
execute_process(COMMAND ${HOST_CXX} -std=c++20 -Wall -Wextra ${filter_source}
  -o ${generated}/sandbox_filter -lseccomp COMMAND_ERROR_IS_FATAL ANY)
set(filters "")
foreach(architecture x86_64 aarch64)
  set(filter ${generated}/sandbox_filter_${architecture}.inc)
  execute_process(COMMAND ${generated}/sandbox_filter ${architecture} ${filter}.new
    COMMAND_ERROR_IS_FATAL ANY)
  file(COPY_FILE ${filter}.new ${filter} ONLY_IF_DIFFERENT)
  list(APPEND filters ${filter})
endforeach()
set_source_files_properties(src/sandbox.cc PROPERTIES
  INCLUDE_DIRECTORIES ${generated} OBJECT_DEPENDS "${filters}")
