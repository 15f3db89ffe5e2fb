"""A private DHT of libtorrent sessions, one address each, driven by lines on standard input.

    python3 libtorrent-dht.py COUNT PATTERN    sessions at addresses such as 127.77.0.%d, with 1, 2, ... in place of %d
    announce SESSION HASH                      a session announces a swarm, again and again
    peers SESSION HASH                         a session looks for a swarm's peers
    put SESSION TEXT / get SESSION TARGET      an immutable item
    putmut SESSION SECRET KEY SALT TEXT        a mutable item; SECRET is the 64 bytes of RFC 8032 that sign, KEY the public key, both hexadecimal
    getmut SESSION KEY SALT                    its newest version; a string in hexadecimal, other values as libtorrent prints them
    nodes SESSION                              how many nodes a session knows

Each command is answered by one line of JSON; the first line, {"ready": ...}, comes when every session knows others.
"""
import json
import sys
import time

import libtorrent as lt

PATIENCE = 60
PORT = 6881

SETTINGS = {
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_lsd": False,
    "enable_dht": True,
    "allow_multiple_connections_per_ip": True,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_prefer_verified_node_ids": False,
    "dht_enforce_node_id": False,
    "dht_bootstrap_nodes": "",
    "alert_mask": lt.alert.category_t.dht_notification | lt.alert.category_t.dht_operation_notification,
}


def make(pattern, number):
    address = pattern % number
    session = lt.session({**SETTINGS, "listen_interfaces": f"{address}:{PORT}"})
    for other in {1, number // 2, number - 1} - {0, number}:
        session.add_dht_node((pattern % other, PORT))
    return session


def wait(session, wanted, poll=None, patience=PATIENCE):
    """The first alert for which wanted gives something; None when there is none in time."""
    end = time.time() + patience
    while time.time() < end:
        if poll is not None:
            poll()
        session.wait_for_alert(200)
        for alert in session.pop_alerts():
            found = wanted(alert)
            if found is not None:
                return found
    return None


def node_count(session):
    return wait(
        session,
        lambda alert: alert.values["dht.dht_nodes"] if isinstance(alert, lt.session_stats_alert) else None,
        session.post_session_stats,
        5) or 0


def sha1(text):
    return lt.sha1_hash(bytes.fromhex(text))


def answer(sessions, words):
    session = sessions[int(words[1])]
    session.pop_alerts()
    if words[0] == "announce":
        torrent = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + words[2])
        torrent.save_path = "/nonexistent"
        torrent.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        session.add_torrent(torrent).force_dht_announce()
        return {"announced": True}
    if words[0] == "peers":
        target = sha1(words[2])
        session.dht_get_peers(target)
        peers = wait(session, lambda alert: [f"{ip}:{port}" for ip, port in alert.peers()] if isinstance(alert, lt.dht_get_peers_reply_alert)
                     and alert.info_hash == target and alert.num_peers() > 0 else None, patience=10)
        return {"peers": peers or []}
    if words[0] == "put":
        target = session.dht_put_immutable_item(words[2])
        stored = wait(session, lambda alert: alert.num_success if isinstance(alert, lt.dht_put_alert) else None)
        return {"target": str(target), "stored": stored or 0}
    if words[0] == "get":
        session.dht_get_immutable_item(sha1(words[2]))
        return {"item": wait(session, lambda alert: text_of(alert) if isinstance(alert, lt.dht_immutable_item_alert) else None)}
    if words[0] == "putmut":
        session.dht_put_mutable_item(bytes.fromhex(words[2]), bytes.fromhex(words[3]), words[5].encode(), words[4].encode())
        return {"stored": wait(session, lambda alert: alert.num_success if isinstance(alert, lt.dht_put_alert) else None) or 0}
    if words[0] == "getmut":
        session.dht_get_mutable_item(bytes.fromhex(words[2]), words[3].encode())
        return wait(session, lambda alert: {"value": value_of(alert), "seq": alert.seq}
                    if isinstance(alert, lt.dht_mutable_item_alert) and alert.authoritative else None) or {"value": "", "seq": -1}
    if words[0] == "nodes":
        return {"nodes": node_count(session)}
    return {"error": "unknown command"}


def value_of(alert):
    try:
        return alert.item["value"].hex()
    except RuntimeError:
        # The bindings know strings alone; the text of the alert shows any value, bytes in hexadecimal.
        return alert.message()


def text_of(alert):
    try:
        return alert.item["value"].decode("latin-1") if isinstance(alert.item, dict) else str(alert.item)
    except RuntimeError:
        # The bindings' way to say that nothing was found.
        return ""


def main():
    count, pattern = int(sys.argv[1]), sys.argv[2]
    sessions = [make(pattern, number) for number in range(1, count + 1)]
    end = time.time() + PATIENCE
    while any(node_count(session) == 0 for session in sessions):
        if time.time() > end:
            sys.exit("the nodes do not find each other")
        time.sleep(0.2)
    print(json.dumps({"ready": f"{pattern % 1}:{PORT}"}), flush=True)
    for line in sys.stdin:
        words = line.split()
        if words:
            print(json.dumps(answer(sessions, words)), flush=True)


main()
