"""gio ROLE: the real Gio.DtlsConnection as a peer for the interop cells, with certificates of both sides.

It sends each line of its standard input as one message and prints what it receives, a line per message. A server serves
one client. Debian: python3-gi, glib-networking.
"""

import ctypes
import os
import socket
import sys
import threading

import gi

# GIO's default priority contains %COMPAT, which disables extended master secret and so tls-exporter.
os.environ["G_TLS_GNUTLS_PRIORITY"] = "NORMAL"
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

gio = ctypes.CDLL("libgio-2.0.so.0")
glib = ctypes.CDLL("libglib-2.0.so.0")
glib.g_byte_array_new.restype = ctypes.c_void_p


class Vector(ctypes.Structure):
    """GInputVector and GOutputVector."""

    _fields_ = [("buffer", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class InputMessage(ctypes.Structure):
    _fields_ = [
        ("address", ctypes.c_void_p),
        ("vectors", ctypes.POINTER(Vector)),
        ("num_vectors", ctypes.c_uint),
        ("bytes_received", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("control_messages", ctypes.c_void_p),
        ("num_control_messages", ctypes.c_void_p),
    ]


class OutputMessage(ctypes.Structure):
    _fields_ = [
        ("address", ctypes.c_void_p),
        ("vectors", ctypes.POINTER(Vector)),
        ("num_vectors", ctypes.c_uint),
        ("bytes_sent", ctypes.c_uint),
        ("control_messages", ctypes.c_void_p),
        ("num_control_messages", ctypes.c_uint),
    ]


class ByteArray(ctypes.Structure):
    _fields_ = [("data", ctypes.POINTER(ctypes.c_ubyte)), ("length", ctypes.c_uint)]


def pointer(connection):
    """Calls C: Python cannot pass buffers to receive_messages, send_messages and get_channel_binding_data."""
    return ctypes.c_void_p(hash(connection))


def send(connection, data):
    buffer = ctypes.create_string_buffer(data, len(data))
    vector = Vector(ctypes.addressof(buffer), len(data))
    message = OutputMessage(None, ctypes.pointer(vector), 1, 0, None, 0)
    forever = ctypes.c_int64(-1)
    return gio.g_datagram_based_send_messages(pointer(connection), ctypes.byref(message), 1, 0, forever, None, None)


def receive(connection):
    """Returns empty bytes at the end of the stream."""
    buffer = ctypes.create_string_buffer(4096)
    vector = Vector(ctypes.addressof(buffer), 4096)
    message = InputMessage(None, ctypes.pointer(vector), 1, 0, 0, None, None)
    forever = ctypes.c_int64(-1)
    if gio.g_datagram_based_receive_messages(pointer(connection), ctypes.byref(message), 1, 0, forever, None, None) < 1:
        return b""
    return buffer.raw[: message.bytes_received]


def binding(connection, kind):
    """Returns the channel binding in hexadecimal, or "none"."""
    array = glib.g_byte_array_new()
    call = gio.g_dtls_connection_get_channel_binding_data
    if not call(pointer(connection), ctypes.c_int(kind), ctypes.c_void_p(array), None):
        return "none"
    view = ctypes.cast(array, ctypes.POINTER(ByteArray)).contents
    return bytes(view.data[: view.length]).hex()


def open_socket(is_client, port):
    """A server learns its client's address from the first datagram, which stays for GIO to read."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if is_client:
        udp.connect(("127.0.0.1", port))
    else:
        udp.bind(("127.0.0.1", port))
        udp.connect(udp.recvfrom(1, socket.MSG_PEEK)[1])
    return Gio.Socket.new_from_fd(udp.detach())


def open_connection(is_client, options):
    own = Gio.TlsCertificate.new_from_files(options["--cert"], options["--cert-key"])
    udp = open_socket(is_client, int(options["--port"]))
    if is_client:
        connection = Gio.DtlsClientConnection.new(udp, Gio.NetworkAddress.new("server.test", 5684))
        connection.set_certificate(own)
    else:
        connection = Gio.DtlsServerConnection.new(udp, own)
        connection.set_property("authentication-mode", Gio.TlsAuthenticationMode.REQUIRED)
        # Without a handler GIO accepts no client.
        connection.connect("accept-certificate", lambda _connection, _certificate, errors: errors == 0)
    connection.set_database(Gio.TlsFileDatabase.new(options["--ca"]))
    connection.set_advertised_protocols([options["--alpn"]])
    return connection


def print_messages(connection):
    while data := receive(connection):
        print("received:", data.decode(), flush=True)
    print("ended", flush=True)


def main(role, *words):
    connection = open_connection(role == "client", dict(zip(words[::2], words[1::2])))
    try:
        connection.handshake()
    except GLib.Error as error:
        sys.exit(f"failed: {error.message}, {connection.get_peer_certificate_errors()}")
    for kind in range(3):  # tls-unique, tls-server-end-point, tls-exporter
        print(f"binding {kind}: {binding(connection, kind)}")
    print("protocol:", connection.get_negotiated_protocol(), flush=True)
    threading.Thread(target=print_messages, args=[connection], daemon=True).start()
    for line in sys.stdin:
        send(connection, line.rstrip("\n").encode())
    connection.close()


main(*sys.argv[1:])
