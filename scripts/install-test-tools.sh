#!/bin/sh
# Installs what some system tests need besides the SDK (Debian and its relatives, as root). Without it these tests are skipped and say so.
set -eu
apt-get install -y --no-install-recommends python3 python3-libtorrent iproute2
