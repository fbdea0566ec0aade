import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { createHash, createPublicKey } from "node:crypto"
import { connect, type DtlsServer, type DtlsSocket, listen } from "../../../src/index.js"
import { type CipherSuite } from "../../../src/dtls/handshake/cipher-suite.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { publicKeysOf } from "../../../src/platform/node/connect/certificate-options.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type DtlsError } from "../../../src/platform/node/connect/errors.js"
import { type ConnectOptions, type ListenOptions } from "../../../src/platform/node/connect/options.js"
import { TestAuthority } from "../../support/test-authority.js"

const authority = TestAuthority.get()
const cert = (...names: string[]): string => authority.pem(...names)
const key = (name: string): string => authority.key(name)
const ca = cert("root")
const server: ListenOptions = { cert: cert("server"), key: key("server") }

function publicKey(name: string): Buffer {
    return createPublicKey(cert(name)).export({ format: "der", type: "spki" })
}

interface Served {
    client: DtlsSocket
    accepted: DtlsSocket
}

/** Runs `body` with both ends of a connection. */
async function connected(
    serving: ListenOptions,
    connecting: ConnectOptions,
    body: (sides: Served) => Promise<void> | void,
): Promise<void> {
    await served(serving, async (_server, to) => {
        const accepting = _server.accept({ timeout: 10000 })
        accepting.catch(() => undefined)
        const client = await to(connecting)
        const accepted = await accepting
        await client.send("up")
        strictEqual(String(await accepted.receive({ timeout: 5000 })), "up")
        await body({ client, accepted })
        await client.close()
    })
}

async function served(
    serving: ListenOptions,
    body: (server: DtlsServer, to: (options: ConnectOptions) => Promise<DtlsSocket>) => Promise<void>,
): Promise<void> {
    const listening = await listen(0, serving, "127.0.0.1")
    try {
        await body(listening, (options) => connect("127.0.0.1", listening.port, { timeout: 10000, ...options }))
    } finally {
        await listening.close()
    }
}

describe("connect and listen with certificates", () => {
    it("a client trusts a server by ca, under the host it connects to or servername", async () => {
        await connected(server, { ca }, ({ client, accepted }) => {
            strictEqual(client.peerCertificate?.getSubjectName(), "CN=server.example")
            deepStrictEqual([client.authorized, client.authorizationError], [true, undefined])
            deepStrictEqual([accepted.authorized, accepted.peerCertificate], [false, undefined])
        })
        await connected(server, { ca: [cert("other-root"), ca], servername: "server.test" }, ({ client }) => {
            ok(client.authorized)
        })
    })

    it("one file may contain the chain and the key", () =>
        connected({ cert: Buffer.from(key("under-middle") + cert("under-middle", "middle")) }, { ca }, ({ client }) => {
            strictEqual(client.peerCertificate?.getChain().length, 2)
        }))

    it("another name is ERR_DTLS_BAD_CERTIFICATE, with the reason in words and in flags", () =>
        served(server, async (_server, to) => {
            await rejects(to({ ca, servername: "other.test" }), (error: DtlsError) => {
                strictEqual(error.code, "ERR_DTLS_BAD_CERTIFICATE")
                deepStrictEqual([error.reason, error.alert], ["certificateRefused", "badCertificate"])
                deepStrictEqual(error.certificateErrors, ["BAD_IDENTITY"])
                return error.message.includes("not for the name that was asked for")
            })
        }))

    it("without ca this computer's authorities are used", () =>
        served(server, async (_server, to) => {
            await rejects(to({ cert: cert("client"), key: key("client") }), (error: DtlsError) => {
                deepStrictEqual(error.certificateErrors, ["UNKNOWN_CA"])
                return true
            })
        }))

    it("rejectUnauthorized: false continues, and reports what is wrong", () =>
        connected(server, { ca: cert("other-root"), rejectUnauthorized: false }, ({ client }) => {
            strictEqual(client.authorized, false)
            strictEqual(client.authorizationError, "nobody who is trusted has signed it")
        }))

    it("requestCert admits clients that ca certifies, and with rejectUnauthorized: false all others, too", async () => {
        const asking: ListenOptions = { ...server, ca, requestCert: true }
        const own = { cert: cert("client"), key: key("client") }
        await connected(asking, { ca, ...own }, ({ accepted }) => {
            strictEqual(accepted.peerCertificate?.getDnsNames()[0], "client.test")
            ok(accepted.authorized)
        })
        const other = { ca, cert: cert("other-client"), key: key("other-client") }
        await served(asking, async (_server, to) => {
            await rejects(to({ ca }), (error: DtlsError) => error.alert === "handshakeFailure")
            await rejects(to(other), (error: DtlsError) => error.alert === "unknownCa")
        })
        await connected({ ...asking, rejectUnauthorized: false }, other, ({ accepted }) => {
            strictEqual(accepted.authorizationError, "nobody who is trusted has signed it")
        })
        await connected({ ...asking, rejectUnauthorized: false }, { ca }, ({ accepted }) => {
            strictEqual(accepted.peerCertificate, undefined)
        })
    })

    for (const version of ["1.2", "1.3"] as const)
        it(`contexts have a certificate for each name that a client may ask for, in DTLS ${version}`, () => {
            const only = { minVersion: version, maxVersion: version }
            const context = { cert: cert("other-name"), key: key("other-name") }
            return served({ ...server, ...only, contexts: { "*.TEST": context } }, async (_server, to) => {
                const names: (string | undefined)[] = []
                for (const options of [{ ca, servername: "other.test" }, { ca }]) {
                    const client = await to({ ...options, ...only })
                    names.push(client.peerCertificate?.getSubjectName())
                    await client.close()
                }
                deepStrictEqual(names, ["CN=other-name.example", "CN=server.example"])
            })
        })

    it("an RSA certificate makes a server choose suites with RSA", () =>
        connected({ cert: cert("rsa"), key: key("rsa") }, { ca }, ({ client }) => {
            strictEqual(client.negotiated.suite, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
        }))

    it("of several certificates a client gets the first that it can verify; their keys may be in any order", () => {
        const both = { cert: [cert("server"), cert("rsa")], key: [key("rsa"), key("server")] }
        const ofKind = (kind: string): CipherSuite[] =>
            publicKeysOf(new NodeServices(), { ca }, false).suites.filter(({ name }) => name.includes(kind))
        return served(both, async (_server, to) => {
            const names: (string | undefined)[] = []
            for (const suites of [undefined, ofKind("_ECDSA_"), ofKind("_RSA_")]) {
                const client = await to({ ca, suites, servername: "server.test" })
                names.push(client.peerCertificate?.getSubjectName())
                await client.close()
            }
            deepStrictEqual(names, ["CN=server.example", "CN=server.example", "CN=rsa.example"])
        })
    })

    it("a client that cannot verify a server's certificate falls back to the pre-shared key that both have", () => {
        const psk = { identity: "sensor1", key: Buffer.alloc(16, 7) }
        const rsa = { cert: cert("rsa"), key: key("rsa") }
        const contexts = { "server.test": { cert: cert("server"), key: key("server") } }
        const suites = [...publicKeysOf(new NodeServices(), { ca }, false).suites, ...allSuites()]
        const withoutRsa = suites.filter(({ name }) => !name.includes("_RSA_"))
        return served({ ...rsa, contexts, psk }, async (_server, to) => {
            const used: string[] = []
            for (const servername of ["server.test", "another.test"]) {
                const client = await to({ ca, psk, servername, suites: withoutRsa })
                used.push(client.negotiated.suite)
                await client.close()
            }
            deepStrictEqual(used, ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_PSK_WITH_AES_128_GCM_SHA256"])
        })
    })

    it("key without cert is a raw public key, which rawPublicKeys accepts as the key itself or as its digest", () => {
        const digest = createHash("sha256").update(publicKey("client")).digest()
        const serving: ListenOptions = { key: key("server"), rawPublicKeys: [digest], requestCert: true }
        const connecting: ConnectOptions = { key: key("client"), rawPublicKeys: [publicKey("server")] }
        return connected(serving, connecting, ({ client, accepted }) => {
            deepStrictEqual(client.dtls.getPeerPublicKey(), publicKey("server"))
            deepStrictEqual(accepted.dtls.getPeerPublicKey(), publicKey("client"))
            ok(client.authorized && accepted.authorized && client.peerCertificate === undefined)
        })
    })

    it("a server may have certificates and pre-shared keys", () => {
        const psk = { identity: "sensor1", key: Buffer.alloc(16, 7) }
        return served({ ...server, psk }, async (_server, to) => {
            const suites: string[] = []
            for (const options of [{ ca }, { psk }]) {
                const client = await to(options)
                suites.push(client.negotiated.suite)
                await client.close()
            }
            deepStrictEqual(suites, ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_PSK_WITH_AES_128_GCM_SHA256"])
        })
    })

    it("refuses cert without a key, with the key of another certificate, and several with one key", async () => {
        const [one, other] = [cert("server"), cert("rsa")]
        for (const options of [
            { cert: one },
            { cert: one, key: key("client") },
            { cert: [one, other], key: key("server") },
        ]) {
            const refused = { argument: "cert", message: /with its private key/ }
            await rejects(connect("127.0.0.1", 9, { ...options, timeout: 1 }), refused)
            await rejects(listen(0, options, "127.0.0.1"), refused)
        }
    })

    const wrong: [string, ConnectOptions & ListenOptions, RegExp][] = [
        ["cert", { cert: "nothing" }, /No PEM-encoded certificate/],
        ["cert", { cert: cert("under-lowest", "lowest", "lower", "middle", "root"), key: key("under-lowest") }, /four/],
        ["key", { key: "-----BEGIN PRIVATE KEY-----" }, /a private key in PEM/],
        ["ca", { ca: "", cert: cert("server"), key: key("server") }, /No PEM-encoded certificate/],
        ["rawPublicKeys", { rawPublicKeys: [Buffer.alloc(5)], key: key("server") }, /SHA-256/],
        ["psk", {}, /a key, or else/],
        ["rejectUnauthorized", { key: key("server"), rejectUnauthorized: "no" as unknown as boolean }, /true or false/],
    ]
    for (const [argument, options, message] of wrong)
        it(`refuses ${argument} where it needs ${message.source}`, async () => {
            const isIt = (error: DtlsError): boolean => error.argument === argument && message.test(error.message)
            await rejects(connect("127.0.0.1", 9, { ...options, timeout: 1 }), isIt)
            await rejects(listen(0, options, "127.0.0.1"), isIt)
        })
})
