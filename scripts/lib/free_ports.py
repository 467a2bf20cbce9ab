#!/usr/bin/env python3
"""Prints a port P such that all ports that scripts/cluster takes from it for COUNT nodes and COUNT loggers are free on the
loopback address: free_ports.py COUNT. The ports lie below those that the system hands out by itself. Exits 1 if it finds none."""
import random
import socket
import sys


def is_free(port):
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def main():
    count = int(sys.argv[1])
    for base in random.sample(range(15000, 28000, 10), 200):
        if all(is_free(base + part + i) for part in (0, 1000, 1100, 2000, 3000, 3100) for i in range(count)):
            print(base)
            return 0
    print("free_ports.py: no free ports found", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
