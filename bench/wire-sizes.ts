/*
 * Sizes of handshakes on the wire, counted as draft-ietf-iotops-security-protocol-comparison does: records with their
 * headers, without UDP and IP.
 */
import { Association } from "../src/dtls/association/association.js"
import { AssociationPhase } from "../src/dtls/association/association-state.js"
import { OutputKind } from "../src/dtls/association/output.js"
import { clientRoleV13, serverRoleV13 } from "../src/dtls/association/v13/roles.js"
import { copyOf } from "../src/dtls/bytes/bytes.js"
import { AES_128_CCM_8, SHA_256 } from "../src/dtls/crypto/algorithms.js"
import { type RecordProtection } from "../src/dtls/crypto/provider.js"
import { newExchangeV12 } from "../src/dtls/endpoint/cookie-exchange.js"
import { ServerEndpoint } from "../src/dtls/endpoint/server-endpoint.js"
import { newExchangeV13 } from "../src/dtls/endpoint/v13/hello-exchange.js"
import { type CipherSuite } from "../src/dtls/handshake/cipher-suite.js"
import { connectionIds } from "../src/dtls/handshake/connection-ids.js"
import { type HelloExtension } from "../src/dtls/handshake/hello-extension.js"
import { AuthenticationMode } from "../src/dtls/handshake/key-exchange.js"
import { type Answer, type PrivateKey, type Question, QuestionKind } from "../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../src/dtls/handshake/settings.js"
import { clientRole, serverRole } from "../src/dtls/association/v12/roles.js"
import { connectionIdsV13 } from "../src/dtls/handshake/v13/connection-ids.js"
import { TLS_AES_128_CCM_8_SHA256 } from "../src/dtls/handshake/v13/suites.js"
import { rawPublicKeysOnly } from "../src/dtls/key-exchange/certificate-types.js"
import { EcdhePskKeyExchange } from "../src/dtls/key-exchange/ecdhe-psk.js"
import { TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256 } from "../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../src/dtls/key-exchange/suites.js"
import { certificates } from "../src/dtls/key-exchange/v13/certificates.js"
import { hybridKeys } from "../src/dtls/key-exchange/v13/hybrid-keys.js"
import { keyShares } from "../src/dtls/key-exchange/v13/key-shares.js"
import { ContentType, HandshakeType, NamedGroup, SignatureScheme } from "../src/dtls/wire/code-points.js"
import { RECORD_HEADER_LENGTH } from "../src/dtls/wire/record-header.js"
import { isRetryRandom } from "../src/dtls/wire/v13/hello-retry-request.js"
import { readHeader, UnifiedHeader } from "../src/dtls/record/v13/unified-header.js"
import { handshakeName } from "../host/describe.js"
import { NodeCryptoProvider } from "../src/platform/node/crypto.js"
import { NodeKeys } from "../src/platform/node/keys.js"
import { mlKem768 } from "../src/platform/node/ml-kem.js"
import { listTables, testSettings } from "../test/engine/simulation.js"
import { RawKeySide } from "../test/support/raw-key-side.js"

/** One record of a handshake. */
export interface RecordSize {
    /** counted from 1: the sender changes with each */
    flight: number
    from: "client" | "server"
    /** as RFCs name it */
    message: string
    /** its plaintext, including the header of a handshake message */
    messageBytes: number
    /** the whole record */
    bytes: number
}

/** The sizes of one handshake. */
export interface HandshakeSize {
    kind: string
    hasCookie: boolean
    records: RecordSize[]
    /** bytes of each flight, in order */
    flights: number[]
    /** without an acknowledgement at the end */
    bytes: number
    /** of the acknowledgement at the end; 0: there is none */
    finalAck: number
    /** of each signature, included in `bytes`: DER of two numbers, whose length varies */
    signatures: number[]
}

/**
 * Bytes of a signature in the editions of the draft that our targets come from: two numbers of 32 bytes. The latest
 * edition counts 71, the mean length of their DER encoding.
 */
export const COMPARED_SIGNATURE = 64

export function withoutSignatures({ bytes, signatures }: Pick<HandshakeSize, "bytes" | "signatures">): number {
    return bytes - signatures.reduce((total, size) => total + size, 0)
}

/** What the protected records of each side contain, in order, one entry for each record. */
type RecordNames = Record<RecordSize["from"], string[]>

/** A kind of handshake: the settings of both sides. */
interface Kind {
    suite: () => CipherSuite
    isNewer: boolean
    /** besides connection ids */
    extensions: NewExtension[]
    names: RecordNames
}

type NewExtension = (crypto: NodeCryptoProvider) => HelloExtension

const OLDER: RecordNames = { client: ["Finished"], server: ["Finished"] }
const NEWER: RecordNames = { client: ["Finished"], server: ["EncryptedExtensions and Finished", "ACK"] }
const NEWER_WITH_KEYS: RecordNames = {
    client: ["Certificate, CertificateVerify and Finished"],
    server: ["EncryptedExtensions, CertificateRequest, Certificate, CertificateVerify and Finished", "ACK"],
}

/** Bytes of each side's connection id. */
const ID_LENGTH = 1

/** Keys as devices have them: only one group, and only signatures of their own kind. */
const deviceKeys = (): NodeKeys =>
    Object.assign(new NodeKeys(), {
        groups: [NamedGroup.x25519],
        schemes: [SignatureScheme.ecdsaSecp256r1Sha256],
    })

/** The client's key share is sent with its first hello. */
const x25519Share: NewExtension = (crypto) => keyShares(deviceKeys(), true)(crypto)

const hybridShare: NewExtension = (crypto) => {
    const keys = hybridKeys(deviceKeys(), mlKem768())
    keys.groups = [NamedGroup.x25519MlKem768]
    return keyShares(keys, true)(crypto)
}

/**
 * All use a suite with CCM_8, X25519, a psk_identity of 1 byte and connection ids of 1 byte; raw public keys are on
 * P-256.
 */
const KINDS: Record<string, Kind> = {
    "1.2 psk": { suite: TLS_PSK_WITH_AES_128_CCM_8, isNewer: false, extensions: [], names: OLDER },
    "1.2 ecdhe_psk": {
        suite: () => TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256(new EcdhePskKeyExchange(deviceKeys())),
        isNewer: false,
        extensions: [],
        names: OLDER,
    },
    "1.3 psk_ke": { suite: TLS_AES_128_CCM_8_SHA256, isNewer: true, extensions: [], names: NEWER },
    "1.3 psk_dhe_ke": { suite: TLS_AES_128_CCM_8_SHA256, isNewer: true, extensions: [x25519Share], names: NEWER },
    "1.3 psk_dhe_ke with X25519MLKEM768": {
        suite: TLS_AES_128_CCM_8_SHA256,
        isNewer: true,
        extensions: [hybridShare],
        names: NEWER,
    },
    "1.3 raw public keys of both sides": {
        suite: TLS_AES_128_CCM_8_SHA256,
        isNewer: true,
        extensions: [x25519Share, (crypto) => certificates(deviceKeys(), rawPublicKeysOnly())(crypto)],
        names: NEWER_WITH_KEYS,
    },
}

const IDENTITY = Buffer.from([1])
const KEY = Buffer.alloc(16, 7)

function settingsOf({ suite, isNewer, extensions, names }: Kind): AssociationSettings {
    const crypto = new NodeCryptoProvider()
    const ids = isNewer ? connectionIdsV13(ID_LENGTH, 0) : connectionIds(ID_LENGTH)
    return {
        ...testSettings(crypto),
        suites: [suite()],
        extensions: [ids, ...extensions].map((newExtension) => newExtension(crypto)),
        authenticationMode: names === NEWER_WITH_KEYS ? AuthenticationMode.required : AuthenticationMode.none,
    }
}

/** Where a record ends, and how much longer it is than its plaintext. */
interface Extent {
    end: number
    overhead: number
    isProtected: boolean
}

/** The tag, and the content type that is encrypted with the plaintext. */
const CCM_8_AND_TYPE = 8 + 1
const CCM_8_WITH_NONCE = 8 + 8

function extentOf(datagram: Buffer, at: number): Extent {
    const header = new UnifiedHeader()
    if (readHeader(header, datagram, at, datagram.length, ID_LENGTH))
        return { end: header.end, overhead: header.start - at + CCM_8_AND_TYPE, isProtected: true }
    const hasId = datagram[at] === ContentType.tls12Cid
    const start = at + RECORD_HEADER_LENGTH + (hasId ? ID_LENGTH : 0)
    const end = start + datagram.readUInt16BE(start - 2)
    if (hasId) return { end, overhead: start - at + CCM_8_WITH_NONCE + 1, isProtected: true }
    return { end, overhead: start - at, isProtected: false }
}

function plainName(datagram: Buffer, at: number): string {
    if (datagram[at] === ContentType.changeCipherSpec) return "ChangeCipherSpec"
    const body = at + RECORD_HEADER_LENGTH
    const isRetry =
        datagram[body] === HandshakeType.serverHello && isRetryRandom(copyOf(datagram, body + 14, body + 46))
    return isRetry ? "HelloRetryRequest" : handshakeName(datagram[body])
}

/** A side's raw public key, and the one that it accepts. */
interface KnownSide {
    key: RawKeySide
    pinned: Buffer
}

function knownSides(): Record<RecordSize["from"], KnownSide> {
    const [client, server] = [new RawKeySide(), new RawKeySide()]
    return { client: { key: client, pinned: server.publicKey }, server: { key: server, pinned: client.publicKey } }
}

/** @param own undefined: a pre-shared key */
async function answerTo(question: Question, own: KnownSide | undefined): Promise<Answer | undefined> {
    if (question.kind === QuestionKind.operation) return await question.perform()
    return own === undefined ? { identity: IDENTITY, key: KEY } : own.key.answers(own.pinned)(question)
}

/** The same answer, with a key that records the lengths of its signatures. */
function measured(answer: Answer | undefined, signatures: number[]): Answer | undefined {
    if (answer === undefined || !("key" in answer) || answer.key instanceof Buffer) return answer
    const key = answer.key as PrivateKey
    const sign: PrivateKey["sign"] = async (scheme, data) => {
        const signature = await key.sign(scheme, data)
        signatures.push(signature.length)
        return signature
    }
    return { ...answer, key: { schemes: key.schemes, sign } }
}

/** A handshake: carries datagrams without loss or delay, and records their sizes. */
class Handshaking {
    readonly records: RecordSize[] = []
    readonly signatures: number[] = []
    private client: Association
    private server: Association | ServerEndpoint
    private toServer: Buffer[] = []
    private toClient: Buffer[] = []
    private names: RecordNames
    private sides: Partial<Record<RecordSize["from"], KnownSide>> = {}

    constructor(kind: Kind, hasCookie: boolean) {
        const { isNewer, names } = kind
        if (names === NEWER_WITH_KEYS) this.sides = knownSides()
        this.names = { client: [...names.client], server: [...names.server] }
        const newExchange = isNewer ? newExchangeV13() : newExchangeV12()
        this.client = new Association(settingsOf(kind), isNewer ? clientRoleV13() : clientRole(), 0, 0)
        this.server = hasCookie
            ? new ServerEndpoint(() => settingsOf(kind), settingsOf(kind), listTables(), 0, newExchange)
            : new Association(settingsOf(kind), isNewer ? serverRoleV13() : serverRole(), 0, 0)
    }

    async run(): Promise<void> {
        if (this.server instanceof Association) this.server.begin(0)
        this.client.begin(0)
        for (let isMore = true; isMore;) {
            await this.drainClient()
            await this.drainServer()
            isMore = this.deliver()
        }
        // An acknowledgement may be delayed.
        this.server.tick(ACK_TIME)
        await this.drainServer()
        if (this.client.phase !== AssociationPhase.connected) throw new Error("The handshake was not completed")
    }

    private deliver(): boolean {
        const { toServer, toClient, server } = this
        this.toServer = []
        this.toClient = []
        for (const datagram of toServer) {
            if (server instanceof Association) server.receive(datagram, datagram.length, 0)
            else server.receive(datagram, datagram.length, { key: CLIENT, address: CLIENT }, 0)
        }
        for (const datagram of toClient) this.client.receive(datagram, datagram.length, 0)
        return toServer.length + toClient.length > 0
    }

    private async drainClient(): Promise<void> {
        await this.drain("client", this.client, (datagram) => {
            this.note("client", datagram)
            this.toServer.push(datagram)
        })
    }

    private async drainServer(): Promise<void> {
        const { server } = this
        const send = (datagram: Buffer): void => {
            this.note("server", datagram)
            this.toClient.push(datagram)
        }
        if (server instanceof Association) return await this.drain("server", server, send)
        for (let reply = server.nextReply(); reply !== undefined; reply = server.nextReply()) send(reply.data)
        for (let peer = server.nextReady(); peer !== undefined; peer = server.nextReady())
            await this.drain("server", peer.association, send)
    }

    private async drain(
        side: RecordSize["from"],
        association: Association,
        send: (datagram: Buffer) => void,
    ): Promise<void> {
        for (let output = association.poll(); output !== undefined; output = association.poll()) {
            if (output.kind === OutputKind.datagram) send(output.data as Buffer)
            else if (output.kind === OutputKind.question) {
                const answer = await answerTo(output.question as Question, this.sides[side])
                association.answer(measured(answer, this.signatures), 0)
            }
        }
    }

    private note(from: RecordSize["from"], datagram: Buffer): void {
        const last = this.records.at(-1)
        const flight = last === undefined ? 1 : last.from === from ? last.flight : last.flight + 1
        for (let at = 0; at < datagram.length;) {
            const { end, overhead, isProtected } = extentOf(datagram, at)
            const message = isProtected ? this.names[from].shift() : plainName(datagram, at)
            if (message === undefined) throw new Error(`The ${from} sends a record that is not known here`)
            this.records.push({ flight, from, message, messageBytes: end - at - overhead, bytes: end - at })
            at = end
        }
    }
}

const CLIENT = "client|1"
/** The time in ms by which a DTLS 1.3 server has certainly acknowledged the client's Finished. */
const ACK_TIME = 500

const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0)

/** Measures one kind of handshake. */
async function measure(kind: string, hasCookie: boolean): Promise<HandshakeSize> {
    const handshaking = new Handshaking(KINDS[kind], hasCookie)
    await handshaking.run()
    const { records, signatures } = handshaking
    const count = records.at(-1)?.flight ?? 0
    const flights = Array.from({ length: count }, (_, index) =>
        sum(records.filter(({ flight }) => flight === index + 1).map(({ bytes }) => bytes)),
    )
    const finalAck = sum(records.filter(({ message }) => message === "ACK").map(({ bytes }) => bytes))
    return { kind, hasCookie, records, flights, bytes: sum(flights) - finalAck, finalAck, signatures }
}

/** Every kind, with and without a cookie. */
export async function handshakeSizes(): Promise<HandshakeSize[]> {
    const sizes: HandshakeSize[] = []
    for (const kind of Object.keys(KINDS))
        for (const hasCookie of [false, true]) sizes.push(await measure(kind, hasCookie))
    return sizes
}

/**
 * How many bytes longer a record of application data is than its 64 bytes of content, with a connection id of 4 bytes
 * and CCM_8.
 */
export function recordOverheads(): Record<string, number> {
    const crypto = new NodeCryptoProvider()
    const aead = AES_128_CCM_8()
    const id = Buffer.alloc(4, 1)
    const secret = crypto.newSecret(SHA_256(), Buffer.alloc(0))
    const newer = crypto.newProtectionV13({ secret, aead, epoch: 3, id, reading: false, ids: undefined })
    const older = crypto.newProtection(crypto.newAead(aead.algorithm, Buffer.alloc(16)), 1, Buffer.alloc(4), id)
    const message = Buffer.alloc(64)
    const extra = (protection: RecordProtection): number =>
        protection.sealRecords(ContentType.applicationData, 0, [message], true).length - message.length
    return { "1.2": extra(older), "1.3": extra(newer) }
}
