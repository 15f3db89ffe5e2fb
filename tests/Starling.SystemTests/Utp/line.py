"""A line for a router's namespace: what comes in at two interfaces goes through a TUN device, where it is kept for a rate and a delay.

Arguments: interface A, interface B, address of the machine behind A, bits a second from A to B, one-way delay in ms, bytes of queue. Prints "ready". Ends with SIGTERM.
"""
import collections
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time

side_a, side_b, address_a = sys.argv[1:4]
rate, delay, room = float(sys.argv[4]), float(sys.argv[5]) / 1000, int(sys.argv[6])
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"line0", IFF_TUN | IFF_NO_PI))
for command in (
    "ip link set line0 mtu 1500 txqueuelen 5000 up",
    f"ip rule add iif {side_a} lookup 100",
    f"ip rule add iif {side_b} lookup 100",
    "ip route add default dev line0 table 100",
    "sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done'",
):
    subprocess.run(command if command.startswith("ip") else ["sh", "-c", command[7:-1]], shell=command.startswith("ip"), check=True)
source_a = socket.inet_aton(address_a)
there, back = collections.deque(), collections.deque()
free = 0.0
poll = select.epoll()
poll.register(tun, select.EPOLLIN)
print("ready", flush=True)
while True:
    first = min((queue[0][0] for queue in (there, back) if queue), default=None)
    poll.poll(-1 if first is None else max(0, first - time.monotonic()))
    now = time.monotonic()
    for _ in range(64):
        try:
            packet = os.read(tun, 65536)
        except BlockingIOError:
            break
        if packet[12:16] != source_a:
            back.append((now + delay, packet))
        elif max(0, free - now) * rate / 8 + len(packet) <= room:
            free = max(now, free) + len(packet) * 8 / rate
            there.append((free + delay, packet))
    now = time.monotonic()
    for queue in (there, back):
        while queue and queue[0][0] <= now:
            try:
                os.write(tun, queue.popleft()[1])
            except OSError:
                pass
