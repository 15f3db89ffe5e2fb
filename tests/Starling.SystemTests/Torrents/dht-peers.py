"""Asks nodes of the DHT (BEP 5) for the peers of swarms; the status is 0 when one of them keeps some.

    python3 dht-peers.py HOST:PORT,HOST:PORT,... HASH...     hashes in hex
"""
import os
import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for swarm in sys.argv[2:]:
    query = b"d1:ad2:id20:" + os.urandom(20) + b"9:info_hash20:" + bytes.fromhex(swarm) + b"e1:q9:get_peers2:roi1e1:t2:aa1:y1:qe"
    for node in sys.argv[1].split(","):
        host, port = node.rsplit(":", 1)
        sock.sendto(query, (host, int(port)))
sock.settimeout(1)
try:
    while b"6:valuesl6:" not in sock.recv(4096):
        pass
except TimeoutError:
    sys.exit(1)
