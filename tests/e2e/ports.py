"""Ports of the loopback address that nobody else takes while a test runs."""
import socket


class Port:
    """A port that the system chose. It is kept by a socket that is bound and does not listen: a server that allows reuse of
    addresses, as ours do, can listen there, however often it is killed; the system gives the port to nobody else."""

    def __init__(self):
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number = self._socket.getsockname()[1]

    @property
    def flag(self):
        """As `-port` and its like take it."""
        return f":{self.number}"

    @property
    def address(self):
        return f"127.0.0.1:{self.number}"

    def occupy(self):
        """From now on the port is in use."""
        self._socket.listen()

    def close(self):
        self._socket.close()
