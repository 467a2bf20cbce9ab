"""A network of our own that can be divided: each node in a network namespace, behind a pair of virtual interfaces that
end at a bridge in the namespace of this process.

Nothing has to be tidied up: a namespace lasts as long as a process is in it, and those that keep ours die with this
one."""
import shutil
import subprocess

import programs

# Of the bridge, where clients are; node N has the address N behind it.
PREFIX = "10.77.0."
CLIENTS = PREFIX + "254"
SHELL = "echo ready; exec cat"


class NotAllowed(Exception):
    """This machine does not let us have network namespaces."""


def new_namespace():
    """The words that start a program in a network namespace of its own, as root or as one who is root there alone."""
    if not shutil.which("ip") or not shutil.which("unshare") or not shutil.which("nsenter"):
        raise NotAllowed("ip (iproute2), unshare and nsenter are needed")
    refusals = []
    for words in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        tried = subprocess.run([*words, "ip", "link", "add", "b0", "type", "bridge"], capture_output=True, text=True,
                               check=False)
        if tried.returncode == 0:
            return words
        refusals.append(f"{' '.join(words)}: {tried.stderr.strip()}")
    raise NotAllowed("; ".join(refusals))


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"


class Port:
    """A port of a namespace, in which nobody else is."""

    def __init__(self, host, number):
        self.number = number
        self.flag = self.address = f"{host}:{number}"

    def close(self):
        pass


class Host:
    """The place of one node."""

    def __init__(self, number):
        self.address = f"{PREFIX}{number + 1}"
        self.interface = f"n{number}"
        self.environment = {}
        self._keeper = subprocess.Popen(
            programs.WITH_US + ["unshare", "--net", "--", "sh", "-c", SHELL], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        assert self._keeper.stdout.readline() == b"ready\n", "no second network namespace"
        pid = str(self._keeper.pid)
        self.words = ["nsenter", f"--net=/proc/{pid}/ns/net", "--"]
        run("ip", "link", "add", self.interface, "type", "veth", "peer", "name", "eth0", "netns", pid)
        run("ip", "link", "set", self.interface, "master", "bridge", "up")
        run(*self.words, "ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        run(*self.words, "ip", "link", "set", "eth0", "up")
        run(*self.words, "ip", "link", "set", "lo", "up")

    def port(self, number):
        return Port(self.address, number)

    def lose(self, other, is_lost):
        """Whether what it sends to `other` vanishes."""
        run(*self.words, "ip", "route", "add" if is_lost else "delete", "blackhole", f"{other.address}/32")

    def unplug(self, is_out):
        run("ip", "link", "set", self.interface, "down" if is_out else "up")

    def close(self):
        self._keeper.kill()
        self._keeper.communicate()


class Network:
    """Of a process that new_namespace() started."""

    def __init__(self):
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "bridge", "type", "bridge")
        run("ip", "address", "add", f"{CLIENTS}/24", "dev", "bridge")
        run("ip", "link", "set", "bridge", "up")
        self.hosts = {}
        self._lost = set()
        self._unplugged = set()

    def add(self, name):
        self.hosts[name] = Host(len(self.hosts))
        return self.hosts[name]

    def divide(self, lost, unplugged=()):
        """Ways (from, to) between nodes on which everything vanishes, and nodes that nobody reaches at all."""
        lost, unplugged = set(lost), set(unplugged)
        for source, target in self._lost ^ lost:
            self.hosts[source].lose(self.hosts[target], (source, target) in lost)
        for name in self._unplugged ^ unplugged:
            self.hosts[name].unplug(name in unplugged)
        self._lost, self._unplugged = lost, unplugged

    def close(self):
        for host in self.hosts.values():
            host.close()
