import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../../../host/temporary.js"
import { type CipherSuite } from "../../../src/dtls/handshake/cipher-suite.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import {
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
} from "../../../src/dtls/key-exchange/certificate-suites.js"
import { SignatureKind, x509Only } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { X509Credentials } from "../../../src/gio/x509-credentials.js"
import { listen } from "../../../src/index.js"
import { NodeKeys } from "../../../src/platform/node/keys.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { freePort, isInstalled, Running } from "../../interop/process.js"
import { out } from "../../support/gio.js"
import { needs } from "../../support/needs.js"
import { accepting, connecting, talk } from "../../support/other-stacks.js"
import { TestAuthority } from "../../support/test-authority.js"

const { none, required } = AuthenticationMode

const services = new NodeServices({ log: () => undefined })
const authority = TestAuthority.get()
const folder = temporaryFolder("x509-interop")

function suites(): CipherSuite[] {
    const ecdsa = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, x509Only())
    const rsa = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.rsa, x509Only())
    return [
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256(ecdsa),
        TLS_ECDHE_ECDSA_WITH_AES_128_CCM(ecdsa),
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256(rsa),
    ]
}

/** Our credentials; they trust "root". @param own a certificate and its issuers */
function ours(...own: string[]): X509Credentials {
    const [name, ...issuers] = own
    const certificate = name === undefined ? undefined : authority.certificate(services, name, ...issuers)
    return new X509Credentials(services, certificate, authority.database(services, "root"))
}

/** A file with several certificates. */
function bundle(...names: string[]): string {
    const file = join(folder, `${names.join("+")}.pem`)
    writeFileSync(file, authority.pem(...names))
    return file
}

const ROOT = authority.file("root", "pem")

function opensslServer(port: number, [name, ...issuers]: string[], ...more: string[]): string[] {
    const chain = issuers.length === 0 ? [] : ["-cert_chain", bundle(...issuers)]
    return [
        ...["openssl", "s_server", "-dtls1_2", "-accept", `127.0.0.1:${port}`, "-brief"],
        ...["-cert", authority.file(name, "pem"), "-key", authority.file(name, "key"), ...chain, ...more],
    ]
}

function opensslClient(port: number, ...more: string[]): string[] {
    const verify = ["-CAfile", ROOT, "-verify_return_error", "-verify_hostname", "server.test"]
    return [
        ...["openssl", "s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`, "-brief", "-nocommands"],
        ...[...verify, ...more],
    ]
}

function ownFiles(name: string): string[] {
    return ["-cert", authority.file(name, "pem"), "-key", authority.file(name, "key")]
}

function gnutlsServer(port: number, names: string[], ...more: string[]): string[] {
    return [
        ...["gnutls-serv", "--udp", "--echo", "-p", `${port}`, "--x509certfile", bundle(...names)],
        ...["--x509keyfile", authority.file(names[0], "key"), "--priority", "NORMAL", ...more],
    ]
}

function gnutlsClient(port: number, ...more: string[]): string[] {
    return [
        ...["gnutls-cli", "--udp", "-p", `${port}`, "--x509cafile", ROOT, "--verify-hostname=server.test"],
        ...["--priority", "NORMAL", ...more, "127.0.0.1"],
    ]
}

function gnutlsFiles(name: string): string[] {
    return ["--x509certfile", authority.file(name, "pem"), "--x509keyfile", authority.file(name, "key")]
}

describe("X.509 chains with OpenSSL", function () {
    this.timeout(60000)

    for (const chain of [
        ["server"],
        ["under-middle", "middle"],
        ["under-lowest", "lowest", "lower", "middle"],
        ["rsa"],
    ]) {
        it(`our client trusts a server with ${chain.join(", ")}`, async () => {
            const port = await freePort()
            const body = talking(false)
            await connecting(opensslServer(port, chain), port, suites(), ours(), body, "server.test")
        })

        it(`OpenSSL's client trusts our server with ${chain.join(", ")}`, () =>
            accepting((port) => opensslClient(port), suites(), ours(...chain), none, talking(false)))
    }

    for (const [kind, certificate] of [
        ["ECDSA", "server"],
        ["RSA", "rsa"],
    ] as const)
        it(`a server with an ECDSA and an RSA certificate serves OpenSSL's client that supports ${kind} only`, async () => {
            const both = ["server", "rsa"].map((name) => authority.certificate(services, name))
            const credentials = new X509Credentials(services, both, undefined)
            const command = (port: number): string[] =>
                opensslClient(port, "-cipher", `ECDHE-${kind}-AES128-GCM-SHA256`)
            await accepting(command, suites(), credentials, none, async (connection, peer) => {
                strictEqual(connection.getCiphersuiteName(), `TLS_ECDHE_${kind}_WITH_AES_128_GCM_SHA256`)
                deepStrictEqual(connection.getAssociation()?.parameters.ownCertificate?.certificates, [
                    authority.der(certificate),
                ])
                await talk(connection, peer, false)
            })
        })

    it("the certificate chosen by the server name from OpenSSL's client decides the suite", async () => {
        const server = await listen(0, {
            ...{ cert: authority.pem("server"), key: authority.key("server") },
            contexts: { "server.test": { cert: authority.pem("rsa"), key: authority.key("rsa") } },
        })
        try {
            for (const [name, suite] of [
                ["server.test", "ECDHE-RSA-AES128-GCM-SHA256"],
                ["other.test", "ECDHE-ECDSA-AES128-GCM-SHA256"],
            ]) {
                const client = new Running(opensslClient(server.port, "-servername", name))
                await server.accept({ timeout: 10000 })
                await client.expect(`Ciphersuite: ${suite}`)
                await client.end()
            }
        } finally {
            await server.close()
        }
    })

    const refused: [string, string[], RegExp, string][] = [
        ["of an unknown authority", ["self"], /nobody who is trusted/, "SSL alert number 48"],
        ["for another name", ["other-name"], /not for the name/, "SSL alert number 42"],
        ["that has expired", ["expired"], /has expired/, "SSL alert number 45"],
        ["without its intermediate", ["under-middle"], /nobody who is trusted/, "SSL alert number 48"],
        [
            "[H21] in a chain of 5",
            ["under-lowest", "lowest", "lower", "middle", "root"],
            /cannot be read/,
            "SSL alert number 42",
        ],
    ]
    for (const [what, chain, words, alert] of refused)
        it(`our client refuses a server's certificate ${what}, and both sides learn it`, async () => {
            const port = await freePort()
            await connecting(
                opensslServer(port, chain),
                port,
                suites(),
                ours(),
                async (connection, peer) => {
                    await rejects(connection.handshake(), words)
                    await peer.expect(alert)
                },
                "server.test",
            )
        })

    it("OpenSSL's client refuses our server's certificate for another name", () =>
        rejects(
            accepting((port) => opensslClient(port), suites(), ours("other-name"), none, talking(false)),
            /fatal alert, bad_certificate \(42\)/,
        ))

    it("our client's certificate is trusted, and one of an unknown authority is not", async () => {
        const verify = ["-Verify", "4", "-verify_return_error", "-CAfile", ROOT]
        const port = await freePort()
        const good = ours("client")
        await connecting(
            opensslServer(port, ["server"], ...verify),
            port,
            suites(),
            good,
            talking(false),
            "server.test",
        )
        const other = await freePort()
        const bad = ours("other-client")
        await connecting(
            opensslServer(other, ["server"], ...verify),
            other,
            suites(),
            bad,
            async (connection) => {
                await rejects(connection.handshake(), /unknown_ca \(48\)/)
            },
            "server.test",
        )
    })

    it("our server trusts a client by its chain, and refuses one without a certificate and one of an unknown authority", async () => {
        await accepting(
            (port) => opensslClient(port, ...ownFiles("client")),
            suites(),
            ours("server"),
            required,
            async (connection, peer) => {
                strictEqual(connection.getPeerCertificate()?.getDnsNames()[0], "client.test")
                await talk(connection, peer, false)
            },
        )
        const refusing = (...more: string[]): Promise<void> =>
            accepting((port) => opensslClient(port, ...more), suites(), ours("server"), required, talking(false))
        await rejects(refusing(), /certificateRequired/)
        await rejects(refusing(...ownFiles("other-client")), /nobody who is trusted has signed it, alert unknown_ca/)
    })
})

function talking(echoes: boolean): Parameters<typeof connecting>[4] {
    return (connection, peer) => talk(connection, peer, echoes)
}

describe("X.509 chains with GnuTLS", function () {
    this.timeout(60000)
    before(function () {
        needs(this, isInstalled("gnutls-serv") && isInstalled("gnutls-cli") ? undefined : "gnutls-bin is not installed")
    })

    it("our client trusts its server by a chain, and not by another name or authority", async () => {
        const port = await freePort()
        const command = gnutlsServer(port, ["under-middle", "middle"], "--disable-client-cert")
        await connecting(command, port, suites(), ours(), talking(true), "server.test")
        for (const [name, words] of [
            ["other-name", /not for the name/],
            ["self", /nobody who is trusted/],
            ["expired", /has expired/],
        ] as const) {
            const another = await freePort()
            const serving = gnutlsServer(another, [name], "--disable-client-cert")
            await connecting(
                serving,
                another,
                suites(),
                ours(),
                async (connection) => {
                    await rejects(connection.handshake(), words)
                },
                "server.test",
            )
        }
    })

    it("its server requires our client's certificate, and trusts it", async () => {
        const port = await freePort()
        const verify = ["--require-client-cert", "--verify-client-cert", "--x509cafile", ROOT]
        const command = gnutlsServer(port, ["server"], ...verify)
        await connecting(command, port, suites(), ours("client"), talking(true), "server.test")
    })

    it("its client trusts our server by a chain, and not one with another name", async () => {
        await accepting(
            (port) => gnutlsClient(port),
            suites(),
            ours("under-middle", "middle"),
            none,
            async (connection, peer) => {
                await peer.expect("The certificate is trusted")
                await connection.sendMessages([out("hello down\n")], 0, 10000000)
                await peer.expect("hello down")
            },
        )
        await accepting(
            (port) => gnutlsClient(port),
            suites(),
            ours("other-name"),
            none,
            async (_connection, peer) => {
                await peer.expect("does not match")
            },
        ).catch((error: unknown) =>
            ok(error instanceof Error && /bad_certificate|alert/.test(error.message), String(error)),
        )
    })

    it("our server requires its client's certificate, and trusts it", () =>
        accepting(
            (port) => gnutlsClient(port, ...gnutlsFiles("client")),
            suites(),
            ours("server"),
            required,
            async (connection, peer) => {
                strictEqual(connection.getPeerCertificate()?.getDnsNames()[0], "client.test")
                await peer.expect("Simple Client Mode")
                await connection.sendMessages([out("hello down\n")], 0, 10000000)
                await peer.expect("hello down")
            },
        ))
})
