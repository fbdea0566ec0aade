import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { createPublicKey } from "node:crypto"
import { connect, type DtlsError, type DtlsServer, type DtlsSocket, listen } from "../../../src/index.js"
import { type ConnectOptions, type ListenOptions } from "../../../src/platform/node/connect/options.js"
import { TestAuthority } from "../../support/test-authority.js"

const authority = TestAuthority.get()
const cert = (...names: string[]): string => authority.pem(...names)
const key = (name: string): string => authority.key(name)
const ca = cert("root")
const server: ListenOptions = { cert: cert("server"), key: key("server") }
const V13 = { minVersion: "1.3" as const, timeout: 10000 }

/** Runs `body` with a DTLS 1.3 server, or one with the versions in `serving`. */
async function served(
    serving: ListenOptions,
    body: (server: DtlsServer, to: (options: ConnectOptions) => Promise<DtlsSocket>) => Promise<void>,
): Promise<void> {
    const listening = await listen(0, { minVersion: "1.3", ...serving }, "127.0.0.1")
    try {
        await body(listening, (options) => connect("127.0.0.1", listening.port, { ...V13, ...options }))
    } finally {
        await listening.close()
    }
}

/** Connects and sends a message; returns both ends. */
async function connected(serving: ListenOptions, connecting: ConnectOptions): Promise<DtlsSocket[]> {
    const sides: DtlsSocket[] = []
    await served(serving, async (listening, to) => {
        const accepting = listening.accept({ timeout: 10000 })
        accepting.catch(() => undefined)
        const client = await to(connecting)
        const accepted = await accepting
        await client.send("up")
        strictEqual(String(await accepted.receive({ timeout: 5000 })), "up")
        sides.push(client, accepted)
        await client.close()
    })
    return sides
}

describe("connect and listen with certificates in DTLS 1.3", () => {
    it("a client trusts a server by ca and name; ALPN is negotiated; RSA signs with PSS", async () => {
        for (const name of ["server", "rsa"]) {
            const serving = { cert: cert(name), key: key(name), protocols: ["coap"] }
            const [client] = await connected(serving, { ca, servername: "server.test", protocols: ["h3", "coap"] })
            strictEqual(client.peerCertificate?.getSubjectName(), `CN=${name}.example`)
            deepStrictEqual([client.authorized, client.negotiated.version], [true, "DTLSv1.3"])
            strictEqual(client.negotiated.protocol, "coap")
        }
    })

    it("another name, and an untrusted authority, are ERR_DTLS_BAD_CERTIFICATE", () =>
        served(server, async (_server, to) => {
            for (const [options, flag] of [
                [{ ca, servername: "other.test" }, "BAD_IDENTITY"],
                [{ ca: cert("other-root") }, "UNKNOWN_CA"],
            ] as const)
                await rejects(to(options), (error: DtlsError) => {
                    deepStrictEqual([error.code, error.certificateErrors], ["ERR_DTLS_BAD_CERTIFICATE", [flag]])
                    return true
                })
        }))

    it("requestCert admits clients that ca certifies; another one learns why not after its own handshake is done", async () => {
        const asking: ListenOptions = { ...server, ca, requestCert: true }
        const [, accepted] = await connected(asking, { ca, cert: cert("client"), key: key("client") })
        ok(accepted.authorized)
        strictEqual(accepted.peerCertificate?.getDnsNames()[0], "client.test")
        await served(asking, async (_server, to) => {
            const client = await to({ ca })
            await rejects(
                client.receive({ timeout: 5000 }),
                (error: DtlsError) => error.alert === "certificateRequired",
            )
        })
    })

    it("raw public keys on both sides", async () => {
        const publicKey = (name: string): Buffer => createPublicKey(cert(name)).export({ format: "der", type: "spki" })
        const [client, accepted] = await connected(
            { key: key("server"), rawPublicKeys: [publicKey("client")], requestCert: true },
            { key: key("client"), rawPublicKeys: [publicKey("server")] },
        )
        deepStrictEqual(client.dtls.getPeerPublicKey(), publicKey("server"))
        deepStrictEqual(accepted.dtls.getPeerPublicKey(), publicKey("client"))
    })

    it("a server and a client of both versions use certificates in the version that they negotiate", async () => {
        const both = { minVersion: "1.2", maxVersion: "1.3" } as const
        const old = { minVersion: "1.2", maxVersion: "1.2" } as const
        for (const [serving, connecting, version] of [
            [both, both, "DTLSv1.3"],
            [old, both, "DTLSv1.2"],
            [both, old, "DTLSv1.2"],
        ] as const) {
            const [client] = await connected({ ...server, ...serving }, { ca, ...connecting })
            strictEqual(client.negotiated.version, version)
            ok(client.authorized)
        }
    })

    it("pskModes without psk_dhe_ke is refused beside certificates", async () => {
        const isIt = (error: DtlsError): boolean => error.argument === "pskModes"
        await rejects(listen(0, { ...server, minVersion: "1.3", pskModes: ["psk_ke"] }, "127.0.0.1"), isIt)
    })
})
