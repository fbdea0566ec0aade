"""Prints the real GIO's verdicts on certificate chains, with which cases.ts compares.

Reads lines of JSON, {"chain": [PEM file, ...], "anchors": PEM file, "identity": text, "purpose": OID}, and prints the
TlsCertificateFlags of each as a number. Debian: python3-gi, glib-networking.
"""

import json
import sys

from gi.repository import Gio, GLib, GObject

backend = Gio.TlsBackend.get_default()


def certificate(files):
    """As a peer sends them: each has the next one as its issuer, even if that did not sign it."""
    issuer = None
    for file in reversed(files):
        with open(file, encoding="ascii") as source:
            pem = source.read()
        issuer = GObject.new(backend.get_certificate_type(), certificate_pem=pem, issuer=issuer)
        issuer.init(None)
    return issuer


def verdict(case):
    identity = Gio.NetworkAddress.new(case["identity"], 5684) if case["identity"] else None
    try:
        chain = certificate(case["chain"])
    except GLib.Error:
        return int(Gio.TlsCertificateFlags.GENERIC_ERROR)
    database = Gio.TlsFileDatabase.new(case["anchors"])
    flags = Gio.TlsDatabaseVerifyFlags.NONE
    return int(database.verify_chain(chain, case["purpose"], identity, None, flags, None))


for line in sys.stdin:
    print(verdict(json.loads(line)), flush=True)
