"""ZMTP 3 with the NULL mechanism, and msgpack, as far as a stranger needs them to speak to a node, well or badly."""
import socket
import struct

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\x00" + bytes(31)
MORE, LONG, COMMAND = 1, 2, 4


def frame(body, flags=0):
    """A frame as it is on the wire."""
    if len(body) < 256:
        return struct.pack(">BB", flags, len(body)) + body
    return struct.pack(">BQ", flags | LONG, len(body)) + body


def ready(socket_type=b"DEALER"):
    """The command that ends the handshake."""
    prop = bytes([11]) + b"Socket-Type" + struct.pack(">I", len(socket_type)) + socket_type
    return frame(b"\x05READY" + prop, COMMAND)


class Stranger:
    """A connection to a node's port that says whatever it likes."""

    def __init__(self, port, timeout=30.0, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port.number))
        self._waiting = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send_bytes(self, data):
        """False if the other end has closed, which is its right."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def shake_hands(self):
        """After this, frames are heard."""
        self.socket.sendall(GREETING + ready())
        self._take(64)
        flags, body = self._take_frame()
        assert flags & COMMAND and body.startswith(b"\x05READY"), body
        return self

    def send(self, body, flags=0):
        return self.send_bytes(frame(body, flags))

    def receive(self):
        """The next message, of one part; commands are passed over."""
        while True:
            flags, body = self._take_frame()
            if not flags & COMMAND:
                return body

    def is_closed_by_peer(self):
        """Waits for the end of what the other side says."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False

    def _take(self, count):
        while len(self._waiting) < count:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionResetError("the node has closed the connection")
            self._waiting += data
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def _take_frame(self):
        flags = self._take(1)[0]
        size = struct.unpack(">Q", self._take(8))[0] if flags & LONG else self._take(1)[0]
        return flags, self._take(size)


def pack(value):
    """msgpack of numbers, truth, texts, bytes and lists of them."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if value < 128 else b"\xcf" + struct.pack(">Q", value)
    if isinstance(value, str):
        data = value.encode(errors="surrogateescape")
        return b"\xdb" + struct.pack(">I", len(data)) + data
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    return b"\xdd" + struct.pack(">I", len(value)) + b"".join(pack(each) for each in value)


def unpack(data):
    """The first value in `data`, of those kinds."""
    return _unpack(data, 0)[0]


def _unpack(data, at):
    kind = data[at]
    at += 1
    if kind < 0x80:
        return kind, at
    if kind in (0xC2, 0xC3):
        return kind == 0xC3, at
    widths = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}
    if kind in widths:
        size = struct.calcsize(widths[kind])
        return struct.unpack_from(widths[kind], data, at)[0], at + size
    count, at = _length(data, kind, at)
    if kind in (0xC4, 0xC5, 0xC6):
        return data[at : at + count], at + count
    if kind in (0xD9, 0xDA, 0xDB) or 0xA0 <= kind < 0xC0:
        return data[at : at + count].decode(errors="replace"), at + count
    values = []
    for _ in range(count):
        value, at = _unpack(data, at)
        values.append(value)
    return values, at


def _length(data, kind, at):
    if 0x90 <= kind < 0xA0:
        return kind & 0x0F, at
    if 0xA0 <= kind < 0xC0:
        return kind & 0x1F, at
    formats = {0xC4: ">B", 0xD9: ">B", 0xC5: ">H", 0xDA: ">H", 0xDC: ">H", 0xC6: ">I", 0xDB: ">I", 0xDD: ">I"}
    size = struct.calcsize(formats[kind])
    return struct.unpack_from(formats[kind], data, at)[0], at + size
