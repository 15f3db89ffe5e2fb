#!/bin/sh
# Installs what tests run the built program against (Debian and its relatives; asks sudo where it is not root). Without it those tests are skipped and say so.
set -eu

packages=
need() { [ -x "/usr/sbin/$1" ] || command -v "$1" >/dev/null 2>&1 || packages="$packages $2"; }
need bwrap bubblewrap
need setpriv util-linux
need ffmpeg ffmpeg
need parallel parallel
need openssl openssl
need tmux tmux
need busybox busybox-static
need podman podman
need runc runc
need python3 python3
/usr/bin/python3 -c 'import libtorrent' 2>/dev/null || packages="$packages python3-libtorrent"
need ip iproute2
need nft nftables
need opentracker opentracker
need curl curl
need aria2c aria2
need transmission-daemon transmission-daemon
need transmission-remote transmission-cli
need qbittorrent-nox qbittorrent-nox
need miniupnpd miniupnpd-nftables

need node nodejs
need npm npm

if [ -n "$packages" ]; then
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    $as_root apt-get update -q
    # Names without spaces, to be split.
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
fi

# Their install scripts build what these tests do without.
node=$(cd "$(dirname "$0")/.." && pwd)/.build/node
if [ ! -d "$node/node_modules/webtorrent" ] || [ ! -d "$node/node_modules/bittorrent-dht" ]; then
    mkdir -p "$node"
    npm install --prefix "$node" --ignore-scripts --no-audit --no-fund webtorrent@1.9.7 bittorrent-dht@11.0.12
fi
