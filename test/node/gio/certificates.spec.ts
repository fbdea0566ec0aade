import { rejects } from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { createPrivateKey, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../../../host/temporary.js"
import { type CipherSuite } from "../../../src/dtls/handshake/cipher-suite.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import {
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
} from "../../../src/dtls/key-exchange/certificate-suites.js"
import {
    type CertificateOptions,
    rawPublicKeysOnly,
    SignatureKind,
    x509Only,
} from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { EcdhePskKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-psk.js"
import { TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 } from "../../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { CertificateType } from "../../../src/dtls/wire/code-points.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { type OwnKey, PinnedKeys } from "../../../src/gio/pinned-keys.js"
import { NodeKeys, NodePrivateKey } from "../../../src/platform/node/keys.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { freePort, isInstalled } from "../../interop/process.js"
import { out } from "../../support/gio.js"
import { needs } from "../../support/needs.js"
import { accepting, connecting, talk } from "../../support/other-stacks.js"

/** µs */
const LONG = 10000000

const services = new NodeServices()
const folder = temporaryFolder("certificates")

/** A key pair with a self-signed certificate, in files for peers. */
class Party {
    readonly keyFile: string
    readonly certificateFile: string
    readonly publicFile: string

    constructor(name: string, kind: "ec" | "rsa" = "ec") {
        this.keyFile = join(folder, `${name}.key`)
        this.certificateFile = join(folder, `${name}.pem`)
        this.publicFile = join(folder, `${name}.pub`)
        const newKey = kind === "ec" ? ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["rsa:2048"]
        const files = ["-keyout", this.keyFile, "-out", this.certificateFile]
        const subject = ["-subj", `/CN=${name}.example`, "-days", "2"]
        openssl("req", "-x509", "-nodes", "-sha256", "-newkey", ...newKey, ...files, ...subject)
        openssl("pkey", "-in", this.keyFile, "-pubout", "-out", this.publicFile)
    }

    private certificate(): X509Certificate {
        return new X509Certificate(readFileSync(this.certificateFile))
    }

    publicKey(): Buffer {
        return this.certificate().publicKey.export({ format: "der", type: "spki" })
    }

    own(type: CertificateType): OwnKey {
        const der = type === CertificateType.rawPublicKey ? this.publicKey() : this.certificate().raw
        return { type, certificates: [der], key: new NodePrivateKey(createPrivateKey(readFileSync(this.keyFile))) }
    }
}

function openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: "pipe" })
}

function certificateSuites(kind: SignatureKind, options: CertificateOptions): CipherSuite[] {
    const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), kind, options)
    if (kind === SignatureKind.rsa)
        return [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256(exchange), TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256(exchange)]
    return [
        TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange),
        TLS_ECDHE_ECDSA_WITH_AES_128_CCM(exchange),
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256(exchange),
        TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256(exchange),
    ]
}

const SUITES = ["AES128-CCM8", "AES128-CCM", "AES128-GCM-SHA256", "CHACHA20-POLY1305"]
const RAW = "NORMAL:-CTYPE-ALL:+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK:+AES-128-CCM-8"

describe("certificates and raw public keys with other stacks", function () {
    this.timeout(60000)
    const server = new Party("server")
    const client = new Party("client")
    const rsa = new Party("rsa", "rsa")
    const known = new PinnedKeys(services.crypto, [server.publicKey()], client.own(CertificateType.x509))
    const serving = new PinnedKeys(services.crypto, [client.publicKey()], server.own(CertificateType.x509))
    const x509 = certificateSuites(SignatureKind.ecdsa, x509Only())
    const s_server = (port: number, party: Party, ...more: string[]): string[] => [
        ...["openssl", "s_server", "-dtls1_2", "-accept", `127.0.0.1:${port}`, "-brief"],
        ...["-cert", party.certificateFile, "-key", party.keyFile, ...more],
    ]
    const s_client = (port: number, ...more: string[]): string[] => [
        ...["openssl", "s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`, "-brief", "-nocommands", ...more],
    ]

    for (const name of SUITES) {
        it(`our client and OpenSSL's server speak ECDHE-ECDSA-${name}`, async () => {
            const port = await freePort()
            const command = s_server(port, server, "-cipher", `ECDHE-ECDSA-${name}`)
            await connecting(command, port, x509, known, (connection, peer) => talk(connection, peer, false))
        })

        it(`OpenSSL's client and our server speak ECDHE-ECDSA-${name}`, () => {
            const command = (port: number): string[] => s_client(port, "-cipher", `ECDHE-ECDSA-${name}`)
            return accepting(command, x509, serving, AuthenticationMode.none, (connection, peer) =>
                talk(connection, peer, false),
            )
        })
    }

    it("our client signs for OpenSSL's server, which requires its certificate", async () => {
        const port = await freePort()
        const verify = ["-Verify", "1", "-verify_return_error", "-CAfile", client.certificateFile]
        await connecting(s_server(port, server, ...verify), port, x509, known, (connection, peer) =>
            talk(connection, peer, false),
        )
    })

    it("OpenSSL's client signs for our server, which requires its certificate", () => {
        const own = ["-cert", client.certificateFile, "-key", client.keyFile]
        return accepting(
            (port) => s_client(port, ...own),
            x509,
            serving,
            AuthenticationMode.required,
            (connection, peer) => talk(connection, peer, false),
        )
    })

    it("RSA certificates work in Node, in both roles", async () => {
        const suites = certificateSuites(SignatureKind.rsa, x509Only())
        const port = await freePort()
        const pinned = new PinnedKeys(services.crypto, [rsa.publicKey()], undefined)
        await connecting(s_server(port, rsa), port, suites, pinned, (connection, peer) => talk(connection, peer, false))
        const own = new PinnedKeys(services.crypto, [], rsa.own(CertificateType.x509))
        await accepting(
            (to) => s_client(to),
            suites,
            own,
            AuthenticationMode.none,
            (connection, peer) => talk(connection, peer, false),
        )
    })

    it("a server with another key than the pinned one gets unknown_ca, and the caller BAD_CERTIFICATE", async () => {
        const port = await freePort()
        const pinned = new PinnedKeys(services.crypto, [client.publicKey()], undefined)
        await connecting(s_server(port, server), port, x509, pinned, async (connection, peer) => {
            await rejects(connection.handshake(undefined), /certificate or public key is not accepted/)
            await peer.expect("SSL alert number 48")
        })
    })

    it("our client and GnuTLS's server authenticate each other by raw public keys", async function () {
        needs(this, isInstalled("gnutls-serv") ? undefined : "gnutls-serv is not installed")
        const port = await freePort()
        const keys = ["--rawpkfile", server.publicFile, "--rawpkkeyfile", server.keyFile]
        const command = [
            "gnutls-serv",
            "--udp",
            "--echo",
            "-p",
            `${port}`,
            ...keys,
            "--priority",
            RAW,
            "--disable-client-cert",
        ]
        const suites = certificateSuites(SignatureKind.ecdsa, rawPublicKeysOnly())
        const pinned = new PinnedKeys(services.crypto, [server.publicKey()], client.own(CertificateType.rawPublicKey))
        await connecting(command, port, suites, pinned, (connection, peer) => talk(connection, peer, true))
    })

    it("GnuTLS's client and our server authenticate each other by raw public keys", function () {
        needs(this, isInstalled("gnutls-cli") ? undefined : "gnutls-cli is not installed")
        const suites = certificateSuites(SignatureKind.ecdsa, rawPublicKeysOnly())
        const keys = ["--rawpkfile", client.publicFile, "--rawpkkeyfile", client.keyFile]
        const command = (port: number): string[] => [
            ...["gnutls-cli", "--udp", "--insecure", "-p", `${port}`, ...keys, "--priority", RAW, "127.0.0.1"],
        ]
        const own = new PinnedKeys(services.crypto, [client.publicKey()], server.own(CertificateType.rawPublicKey))
        return accepting(command, suites, own, AuthenticationMode.required, async (connection, peer) => {
            await peer.expect("Simple Client Mode")
            await connection.sendMessages([out("hello down\n")], 0, LONG)
            await peer.expect("hello down")
        })
    })

    it("OpenSSL and we speak ECDHE_PSK, in both roles", async () => {
        const suites = [TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256(new EcdhePskKeyExchange(new NodeKeys()))]
        const secret = "000102030405060708090a0b0c0d0e0f"
        const psk = new SinglePsk(Buffer.from("sensor1"), Buffer.from(secret, "hex"))
        const cipher = ["-psk", secret, "-cipher", "ECDHE-PSK-CHACHA20-POLY1305"]
        const port = await freePort()
        const command = [
            "openssl",
            "s_server",
            "-dtls1_2",
            "-accept",
            `127.0.0.1:${port}`,
            "-nocert",
            "-brief",
            ...cipher,
        ]
        await connecting(command, port, suites, psk, (connection, peer) => talk(connection, peer, false))
        const identity = ["-psk_identity", "sensor1"]
        await accepting(
            (to) => s_client(to, ...cipher, ...identity),
            suites,
            psk,
            AuthenticationMode.none,
            (connection, peer) => talk(connection, peer, false),
        )
    })
})
