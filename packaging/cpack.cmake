# What CPack makes a .deb of: the folder $STAGE as it is to be unpacked at /. packaging/packages calls it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ecs-task-metadata-exporter)
set(CPACK_PACKAGE_VERSION $ENV{VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Prometheus metrics of an Amazon ECS task, from inside the task")
set(CPACK_INSTALLED_DIRECTORIES $ENV{STAGE} /)
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_PACKAGE_FILE_NAME ${CPACK_PACKAGE_NAME}) # of its work folder
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE $ENV{ARCHITECTURE})
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER $ENV{MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION
"Asks the task metadata endpoint of Amazon ECS what the task is and what each
of its containers uses, and serves that at /metrics, with a page for people.
.
Also has ecs-metadata-mock, an endpoint to try it with.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA)
foreach(file conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA $ENV{CONTROL}/${file})
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
