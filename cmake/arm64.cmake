# Toolchain: Debian's cross compiler, and below $TOOLS/arm64 what scripts/setup has unpacked there.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_SYSROOT $ENV{TOOLS}/arm64)
# The compiler brings a C library of its own, which gets no security updates from Debian. -B puts the
# one of the sysroot before it.
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++ -B${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu)
foreach(kind LIBRARY INCLUDE PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
