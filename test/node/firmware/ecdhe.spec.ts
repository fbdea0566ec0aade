import { createPrivateKey, generateKeyPairSync } from "node:crypto"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/certificate-suites.js"
import { rawPublicKeysOnly, SignatureKind, x509Only } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { CertificateType } from "../../../src/dtls/wire/code-points.js"
import { InputMessage, OutputMessage } from "../../../src/gio/datagram-based.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { PinnedKeys } from "../../../src/gio/pinned-keys.js"
import { newSettings } from "../../../src/gio/settings.js"
import { X509Credentials } from "../../../src/gio/x509-credentials.js"
import { NodeKeys, NodePrivateKey } from "../../../src/platform/node/keys.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { Running } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { TestAuthority } from "../../support/test-authority.js"
import { board, type DeviceKind, linux, translatedLinux } from "./device-under-test.js"

/** µs */
const LONG = 60000000

class RawKey {
    private pair = generateKeyPairSync("ec", { namedCurve: "P-256" })
    readonly publicKey = this.pair.publicKey.export({ format: "der", type: "spki" })
    readonly key = new NodePrivateKey(this.pair.privateKey)
    /** 32 bytes, hexadecimal */
    readonly scalar = Buffer.from(this.pair.privateKey.export({ format: "jwk" }).d ?? "", "base64url").toString("hex")
}

/** Serves one client: answers its message with "you said", and the message. */
async function serveOne(listener: DtlsListener): Promise<void> {
    const connection = await listener.accept(LONG)
    const message = new InputMessage([Buffer.alloc(100)])
    await connection.receiveMessages([message], 0, LONG)
    const said = message.vectors[0].subarray(0, message.bytesReceived).toString()
    await connection.sendMessages([new OutputMessage([Buffer.from(`you said ${said}`)])], 0, LONG)
}

describe("a device with an X.509 certificate", function () {
    this.timeout(120000)
    const services = new NodeServices()

    async function talkTo(own: string, expected: string): Promise<void> {
        const authority = TestAuthority.get()
        const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, x509Only())
        const credentials = new X509Credentials(
            services,
            authority.certificate(services, own, "middle"),
            authority.database(services, "root"),
        )
        const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange)]
        const settings = newSettings(suites, credentials, wifi(), gatewayLimits())
        settings.authenticationMode = AuthenticationMode.required
        const socket = await services.openUdp({ localHost: "127.0.0.1", localPort: 0, remote: undefined })
        const listener = new DtlsListener(services, socket, settings)
        const { d = "" } = createPrivateKey(authority.key("client")).export({ format: "jwk" })
        const device = new Running(
            await linux.command("test/device/size/ecdhe-x509-client.ts", {
                host: linux.host,
                port: `${socket.localAddress().port}`,
                name: "server.test",
                ca: authority.der("root").toString("hex"),
                cert: authority.der("client").toString("hex"),
                key: Buffer.from(d, "base64url").toString("hex"),
                arena: "96",
            }),
        )
        const served = serveOne(listener)
        served.catch(() => undefined)
        try {
            await device.expect(expected, 60000)
        } finally {
            await device.end()
            await listener.close()
            socket.close()
        }
    }

    it("trusts a server whose chain ends at its authority and that has the requested name, and is trusted", async function () {
        needs(this, linux.missing())
        await talkTo("under-middle", "answer: you said hello")
    })

    for (const own of ["other-name", "self"])
        it(`does not trust one with ${own === "self" ? "a certificate of its own" : "another name"}`, async function () {
            needs(this, linux.missing())
            await talkTo(own, "not accepted")
        })
})

describe("a device with a raw public key and ECDHE_ECDSA", function () {
    this.timeout(120000)
    const server = new RawKey()
    const client = new RawKey()
    const services = new NodeServices()

    async function listen(pin: Buffer): Promise<{ listener: DtlsListener; port: number; close(): Promise<void> }> {
        const own = { type: CertificateType.rawPublicKey, certificates: [server.publicKey], key: server.key }
        const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, rawPublicKeysOnly())
        const settings = newSettings(
            [TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange)],
            new PinnedKeys(services.crypto, [pin], own),
            wifi(),
            gatewayLimits(),
        )
        settings.authenticationMode = AuthenticationMode.required
        const socket = await services.openUdp({ localHost: "127.0.0.1", localPort: 0, remote: undefined })
        const listener = new DtlsListener(services, socket, settings)
        const close = async (): Promise<void> => {
            await listener.close()
            socket.close()
        }
        return { listener, port: socket.localAddress().port, close }
    }

    function start(kind: DeviceKind, port: number, pin: string): Promise<string[]> {
        const settings = { host: kind.host, port: `${port}`, key: client.scalar, pin, arena: "96" }
        return kind.command("test/device/size/ecdhe-client.ts", settings)
    }

    for (const kind of [linux, translatedLinux, board])
        it(`trusts the server it knows, and is recognized by its own key, on ${kind.name}`, async function () {
            needs(this, kind.missing())
            const { listener, port, close } = await listen(client.publicKey)
            const device = new Running(await start(kind, port, server.publicKey.toString("hex")))
            try {
                const known = serveOne(listener)
                await device.expect("answer: you said hello", 60000)
                await known
            } finally {
                await device.end()
                await close()
            }
        })

    it("is refused by a server that knows another key", async function () {
        needs(this, linux.missing())
        const { port, close } = await listen(server.publicKey)
        const device = new Running(await start(linux, port, server.publicKey.toString("hex")))
        try {
            await device.expect("fatal alert, number 48", 60000)
        } finally {
            await device.end()
            await close()
        }
    })

    it("says that another server's key is not accepted", async function () {
        needs(this, linux.missing())
        const { port, close } = await listen(client.publicKey)
        const device = new Running(await start(linux, port, "ab".repeat(32)))
        try {
            await device.expect("not accepted", 60000)
        } finally {
            await device.end()
            await close()
        }
    })
})
