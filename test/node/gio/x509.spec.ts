import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { createHash, generateKeyPairSync } from "node:crypto"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { type CertificateAnswer, type Question, QuestionKind } from "../../../src/dtls/handshake/question.js"
import { TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 } from "../../../src/dtls/key-exchange/certificate-suites.js"
import { SignatureKind, x509Only } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { AlertDescription, CertificateType } from "../../../src/dtls/wire/code-points.js"
import { Discard } from "../../../src/dtls/record/discard.js"
import { TlsInteractionResult } from "../../../src/gio/certificate-calls.js"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { TlsAuthenticationMode, TlsCertificateFlags, TlsChannelBindingType } from "../../../src/gio/enums.js"
import { ErrorDomain, type GError, IOErrorEnum, TlsError } from "../../../src/gio/errors.js"
import { type DtlsSettings, newSettings } from "../../../src/gio/settings.js"
import { X509Credentials } from "../../../src/gio/x509-credentials.js"
import { NodeKeys, NodePrivateKey } from "../../../src/platform/node/keys.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { sleep } from "../../interop/process.js"
import { Pair, PLAIN, type PairCertificates } from "../../oracle/pair.js"
import { TestAuthority } from "../../support/test-authority.js"

const { NO_FLAGS, BAD_IDENTITY, UNKNOWN_CA, VALIDATE_ALL } = TlsCertificateFlags
const { REQUESTED, REQUIRED } = TlsAuthenticationMode

async function withPair(
    certificates: PairCertificates,
    body: (pair: Pair) => Promise<void>,
    change?: (settings: DtlsSettings) => void,
): Promise<void> {
    const pair = await Pair.make(change, certificates)
    try {
        await body(pair)
    } finally {
        await pair.close()
    }
}

/** Four certificates of 16 KB. */
function hugeChain(question: Question): CertificateAnswer | undefined {
    if (question.kind !== QuestionKind.certificate) return undefined
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const certificates = Array.from({ length: 4 }, () => Buffer.alloc(16000))
    return { type: CertificateType.x509, certificates, key: new NodePrivateKey(privateKey) }
}

/** The errors with which both handshakes end. */
async function errorsOf(pair: Pair): Promise<{ client: GError | undefined; server: GError | undefined }> {
    const run = (handshake: Promise<boolean>): Promise<GError | undefined> =>
        handshake.then(
            () => undefined,
            (error: unknown) => error as GError,
        )
    const [client, server] = await Promise.all([run(pair.client.handshake()), run(pair.server.handshake())])
    return { client, server }
}

describe("connections with X.509 certificates", () => {
    const authority = TestAuthority.get()

    const refusals: [string, Partial<PairCertificates>, AlertDescription, RegExp][] = [
        [
            "of an unknown authority",
            { server: "self" },
            AlertDescription.unknownCa,
            /nobody who is trusted has signed it/,
        ],
        ["that has expired", { server: "expired" }, AlertDescription.certificateExpired, /it has expired/],
        ["that is not valid yet", { server: "future" }, AlertDescription.certificateExpired, /it is not valid yet/],
        ["[H22] for another name", { server: "other-name" }, AlertDescription.badCertificate, /not for the name/],
        ["[H22] when no name is expected", { identity: undefined }, AlertDescription.badCertificate, /no name was/],
        [
            "for client authentication only",
            { server: "for-clients" },
            AlertDescription.unsupportedCertificate,
            /not meant for this use/,
        ],
    ]
    for (const [what, change, alert, words] of refusals)
        it(`a server's certificate ${what}: the caller gets the reason, and the server ${AlertDescription[alert]}`, () =>
            withPair({ ...PLAIN, ...change }, async (pair) => {
                const { client, server } = await errorsOf(pair)
                ok(client !== undefined && server !== undefined)
                ok(client.matches(ErrorDomain.tls, TlsError.BAD_CERTIFICATE))
                strictEqual(client.failure?.reason, FailureReason.certificateRefused)
                ok(words.test(client.message), client.message)
                strictEqual(client.failure.certificateErrors, pair.client.getPeerCertificateErrors())
                ok(server.matches(ErrorDomain.tls, TlsError.HANDSHAKE))
                strictEqual(server.failure?.alert, alert)
            }))

    it("[H22] uses the IP address in subjectAltName, and accepts a server without a name only when the validation flags say so", async () => {
        await withPair({ ...PLAIN, identity: "127.0.0.1" }, (pair) => pair.handshake())
        const anybody = { ...PLAIN, identity: undefined, validationFlags: VALIDATE_ALL & ~BAD_IDENTITY }
        await withPair(anybody, async (pair) => {
            await pair.handshake()
            strictEqual(pair.client.getPeerCertificateErrors(), BAD_IDENTITY)
        })
    })

    const chains = [
        ["server"],
        ["under-middle", "middle"],
        ["under-lower", "lower", "middle"],
        ["under-lowest", "lowest", "lower", "middle"],
    ]
    for (const chain of chains)
        it(`[H21 part] accepts a chain of ${chain.length}, and shows it as a TlsCertificate with issuers`, () =>
            withPair(PLAIN, async (pair) => {
                const [own, ...issuers] = chain
                pair.server.setCertificate(authority.certificate(pair.services, own, ...issuers))
                await pair.handshake()
                const shown = pair.client.getPeerCertificate()?.getChain()
                deepStrictEqual(
                    shown,
                    chain.map((name) => authority.der(name)),
                )
            }))

    it("[H21 part] does not send a chain of 5, since no peer of this kind would accept it", () =>
        withPair(PLAIN, async (pair) => {
            const long = authority.certificate(pair.services, "under-lowest", "lowest", "lower", "middle", "root")
            pair.server.setCertificate(long)
            const { client, server } = await errorsOf(pair)
            strictEqual(server?.failure?.reason, FailureReason.noCredentials)
            strictEqual(client?.failure?.alert, AlertDescription.handshakeFailure)
        }))

    it("[H21 part] does not loop on authorities that certify each other", () =>
        withPair(PLAIN, async (pair) => {
            pair.server.setCertificate(authority.certificate(pair.services, "under-ring", "ring-a", "ring-b", "ring-a"))
            const { client } = await errorsOf(pair)
            strictEqual(client?.failure?.certificateErrors, UNKNOWN_CA)
        }))

    it("[H21] keeps nothing of a Certificate message that exceeds its limit: it waits for a better one, and gives up", () =>
        withPair(
            PLAIN,
            async (pair) => {
                const { client } = await errorsOf(pair)
                strictEqual(client?.matches(ErrorDomain.io, IOErrorEnum.TIMED_OUT), true)
                ok((pair.client.getAssociation()?.counters.of(Discard.badFragment) ?? 0) > 0)
            },
            (settings) => {
                settings.retransmission = { ...settings.retransmission, deadline: 2500 }
                settings.credentials = { answer: (question) => Promise.resolve(hugeChain(question)) }
            },
        ))

    it("[H07] a client without a certificate stays anonymous where one is requested, and is refused where it is required", async () => {
        await withPair({ ...PLAIN, mode: REQUESTED }, async (pair) => {
            await pair.handshake()
            strictEqual(pair.server.getPeerCertificate(), undefined)
            strictEqual(pair.server.getPeerPublicKey(), undefined)
        })
        await withPair({ ...PLAIN, mode: REQUIRED }, async (pair) => {
            const { client, server } = await errorsOf(pair)
            ok(server?.matches(ErrorDomain.tls, TlsError.CERTIFICATE_REQUIRED))
            strictEqual(client?.failure?.alert, AlertDescription.handshakeFailure)
        })
    })

    it("[P09] an accept-certificate handler may answer late; one that throws or rejects counts as no, and its error is logged", async () => {
        const self = { ...PLAIN, server: "self" }
        await withPair(self, async (pair) => {
            let asked = 0
            pair.client.connect("accept-certificate", async () => {
                asked++
                await sleep(1500)
                return true
            })
            await pair.handshake()
            strictEqual(asked, 1)
            strictEqual(pair.client.getPeerCertificateErrors(), UNKNOWN_CA)
        })
        const lines: string[] = []
        for (const handler of [
            () => Promise.reject(new Error("no screen")),
            () => {
                throw new Error("no screen")
            },
        ])
            await withPair(self, async (pair) => {
                pair.services.log = (_level, message) => void lines.push(message)
                pair.client.connect("accept-certificate", handler)
                const { client } = await errorsOf(pair)
                ok(client?.matches(ErrorDomain.tls, TlsError.BAD_CERTIFICATE))
            })
        deepStrictEqual(lines, Array(2).fill("An accept-certificate handler failed: no screen"))
    })

    it("[P09] an answer that arrives after the close does nothing", () =>
        withPair({ ...PLAIN, server: "self" }, async (pair) => {
            let answer: (yes: boolean) => void = () => undefined
            const asked = new Promise<void>((resolve) => {
                pair.client.connect("accept-certificate", () => {
                    resolve()
                    return new Promise((yes) => (answer = yes))
                })
            })
            const closed = rejects(pair.client.handshake(), /closed/)
            void pair.server.handshake().catch(() => undefined)
            await asked
            await pair.client.close()
            answer(true)
            await closed
            await sleep(20)
            strictEqual(pair.client.getCiphersuiteName(), undefined)
        }))

    it("[H24 part] a client's interaction learns which authorities the server names, and may choose a certificate then", async () => {
        const named = (settings: DtlsSettings): void => {
            const options = x509Only()
            options.authorities = authority.database(new NodeServices(), "root", "other-root").subjects()
            const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, options)
            settings.suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256(exchange)]
        }
        const body = async (pair: Pair): Promise<void> => {
            let accepted = 0
            pair.server.connect("accept-certificate", (_peer, errors) => errors === NO_FLAGS)
            pair.client.setInteraction({
                requestCertificate: (connection) => {
                    accepted = connection.getAcceptedCas().length
                    connection.setCertificate(authority.certificate(pair.services, "client"))
                    return Promise.resolve(TlsInteractionResult.HANDLED)
                },
            })
            await pair.handshake()
            strictEqual(accepted, 2)
            deepStrictEqual(
                pair.client.getAcceptedCas(),
                authority.database(pair.services, "root", "other-root").subjects(),
            )
            strictEqual(pair.server.getPeerCertificate()?.getSubjectName(), "CN=client.example")
        }
        await withPair({ ...PLAIN, mode: REQUIRED }, body, named)
    })

    it("[H28 part] tls-server-end-point is the digest of the server's certificate on both sides", () =>
        withPair(PLAIN, async (pair) => {
            await pair.handshake()
            const digest = createHash("sha256").update(authority.der("server")).digest()
            for (const side of [pair.client, pair.server])
                deepStrictEqual(side.getChannelBindingData(TlsChannelBindingType.SERVER_END_POINT), digest)
        }))
})

describe("a listener with X.509 certificates", () => {
    const authority = TestAuthority.get()
    const services = new NodeServices({ log: () => undefined })

    function settingsFor(own: string | undefined): DtlsSettings {
        const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, x509Only())
        const certificate = own === undefined ? undefined : authority.certificate(services, own)
        const credentials = new X509Credentials(services, certificate, authority.database(services, "root"))
        const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256(exchange)]
        return newSettings(suites, credentials, wifi(), gatewayLimits())
    }

    async function listening(
        body: (listener: DtlsListener, connect: (own: string) => Promise<DtlsClientConnection>) => Promise<void>,
    ): Promise<void> {
        const socket = await services.openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
        const settings = settingsFor("server")
        settings.authenticationMode = REQUIRED as number
        const listener = new DtlsListener(services, socket, settings)
        const opened: DtlsClientConnection[] = []
        const connect = async (own: string): Promise<DtlsClientConnection> => {
            const base = await services.openUdp({
                remote: { address: "127.0.0.1", port: socket.localAddress().port },
                localHost: undefined,
                localPort: 0,
            })
            const client = new DtlsClientConnection(services, base, settingsFor(own), "server.test")
            opened.push(client)
            await client.handshake()
            return client
        }
        try {
            await body(listener, connect)
        } finally {
            for (const client of opened) await client.close()
            await listener.close()
            socket.close()
        }
    }

    it("accepts clients whose certificate has no errors, and refuses others with the reason", () =>
        listening(async (listener, connect) => {
            const failures: (number | undefined)[] = []
            listener.onHandshakeFailed = (_connection, failure) => failures.push(failure.certificateErrors)
            await connect("client")
            const connection = await listener.accept(9000000)
            strictEqual(connection.getPeerCertificate()?.getDnsNames()[0], "client.test")
            await rejects(
                connect("other-client"),
                (error: GError) => error.failure?.alert === AlertDescription.unknownCa,
            )
            deepStrictEqual(failures, [UNKNOWN_CA])
        }))

    it("asks its own handler about every client when it has one", () =>
        listening(async (listener, connect) => {
            const asked: [number, string | undefined][] = []
            listener.onAcceptCertificate = (_connection, peer, errors) => {
                asked.push([errors, peer.getIssuerName()])
                return Promise.resolve(errors === UNKNOWN_CA)
            }
            await connect("other-client")
            await rejects(
                connect("client"),
                (error: GError) => error.failure?.alert === AlertDescription.badCertificate,
            )
            deepStrictEqual(asked, [
                [UNKNOWN_CA, "CN=other-root.example"],
                [NO_FLAGS, "CN=root.example"],
            ])
        }))
})
