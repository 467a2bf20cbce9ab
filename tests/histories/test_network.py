#!/usr/bin/env python3
"""The network of our own: that what is cut is cut, and nothing else."""
import collections
import itertools
import subprocess
import sys

import e2e_path  # noqa: F401
import network
import partition
import programs
from harness import E2eTest, main, takes

NAMES = ["node0", "node1", "node2"]
# A host that does what it is told, a line at a time: sends a datagram, or says how many it has got from whom.
PEER = """
import collections, socket, sys
port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
port.bind((sys.argv[1], 9))
port.setblocking(False)
got = collections.Counter()
for line in sys.stdin:
    if line != "got\\n":
        try:
            port.sendto(b"x", (line.strip(), 9))
        except OSError:
            pass  # it vanished before it left
    try:
        while True:
            got[port.recvfrom(1)[1][0]] += 1
    except BlockingIOError:
        pass
    print(*got.elements(), flush=True)
"""


class Peer:
    def __init__(self, address, words=()):
        self.address = address
        self.process = subprocess.Popen(
            programs.WITH_US + [*words, sys.executable, "-c", PEER, address], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def tell(self, line):
        """Gives the senders of what it has got so far."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def close(self):
        self.process.stdin.close()
        self.process.wait(programs.DEADLINE)
        self.process.stdout.close()


def check_ways(net, lost):
    """Everybody reaches everybody, clients too, but on the ways (from, to) that are lost."""
    peers = {name: Peer(host.address, host.words) for name, host in net.hosts.items()}
    peers["clients"] = Peer(network.CLIENTS)
    for peer in peers.values():
        peer.tell("got")  # so that all listen
    everything = set(itertools.permutations(peers, 2))

    def got():
        senders = {peer.address: name for name, peer in peers.items()}
        pairs = [(senders[sender], name) for name, peer in peers.items() for sender in peer.tell("got")]
        return collections.Counter(pairs)

    # The first has to find out where the other is, and may be late; the second goes behind it.
    for turn in (1, 2):
        for source, target in everything:
            peers[source].tell(peers[target].address)
        E2eTest().eventually(lambda: all(got()[way] >= turn for way in everything - lost), f"all come but {lost}")
    assert set(got()) == everything - lost, f"{set(got())} instead of all but {lost}"
    for peer in peers.values():
        peer.close()


def inside():
    """In a namespace."""
    net = network.Network()
    try:
        for name in NAMES:
            net.add(name)
        check_ways(net, set())
        for shape in ("alone", "to", "from", "pair", "nobody"):
            lost = partition.draw(shape, NAMES, "node1", 1)
            net.divide(lost)
            check_ways(net, lost)
        net.divide((), ["node2"])
        check_ways(net, {pair for pair in itertools.permutations([*NAMES, "clients"], 2) if "node2" in pair})
        net.divide(())
        check_ways(net, set())
    finally:
        net.close()


class Network(E2eTest):
    @takes(5)
    def test_ways(self):
        """on a network of our own every way between nodes can be cut by itself, and every node from all others"""
        words = [*network.new_namespace(), sys.executable, "-B", __file__, "inside"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=4 * programs.DEADLINE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        inside()
    else:
        main()
