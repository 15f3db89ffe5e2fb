"""One libtorrent session with one torrent, for the tests of the peer protocol.

The only argument is a JSON object: source (a .torrent file or a magnet link), dir, address, port; dht, lsd, encrypt (booleans); router (host:port of a DHT node, or "");
utp_only (boolean); peer (host:port to connect to, or ""). Prints one JSON object a second: progress (0..1), seeding, peers, dht (nodes known), error.
Ends with its standard input.
"""
import json
import os
import sys
import threading
import time

import libtorrent as lt

options = json.loads(sys.argv[1])
required = lt.enc_policy.forced if options["encrypt"] else lt.enc_policy.enabled
session = lt.session({
    "listen_interfaces": f"{options['address']}:{options['port']}",
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_lsd": options["lsd"],
    "enable_dht": options["dht"],
    "allow_multiple_connections_per_ip": True,
    "dht_bootstrap_nodes": options["router"],
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_prefer_verified_node_ids": False,
    "in_enc_policy": int(required),
    "out_enc_policy": int(required),
    "allowed_enc_level": int(lt.enc_level.rc4 if options["encrypt"] else lt.enc_level.both),
    "enable_outgoing_tcp": not options["utp_only"],
    "enable_incoming_tcp": not options["utp_only"],
    "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.tracker_notification | lt.alert.category_t.peer_notification,
})


def add():
    source = options["source"]
    if source.startswith("magnet:"):
        parameters = lt.parse_magnet_uri(source)
    else:
        parameters = lt.add_torrent_params()
        parameters.ti = lt.torrent_info(source)
    parameters.save_path = options["dir"]
    parameters.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
    return session.add_torrent(parameters)


def end_with_input():
    sys.stdin.read()
    # The test is over: there is nothing to be saved.
    os._exit(0)


# Asked before its DHT has nodes, libtorrent waits for a quarter of an hour.
for _ in range(600 if options["dht"] else 0):
    if session.status().dht_nodes > 0:
        break
    time.sleep(0.1)
handle = add()
if options["peer"]:
    host, port = options["peer"].rsplit(":", 1)
    handle.connect_peer((host, int(port)))
threading.Thread(target=end_with_input, daemon=True).start()
while True:
    status = handle.status()
    print(json.dumps({
        "progress": status.progress,
        "seeding": status.is_seeding,
        "peers": status.num_peers,
        "dht": session.status().dht_nodes,
        "error": status.errc.message() if status.errc.value() else "",
        "alerts": [alert.message() for alert in session.pop_alerts()][-50:],
    }), flush=True)
    time.sleep(1)
