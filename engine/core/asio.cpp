// The compiled half of Asio (BOOST_ASIO_SEPARATE_COMPILATION), so that no other file has to compile it.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
