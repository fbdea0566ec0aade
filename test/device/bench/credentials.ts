/*
 * Measurements of bench:rv32 by kind of credentials (setting `credentials`): a full handshake, abbreviated handshakes that resume
 * its session, and the wakes of a sensor with a saved association. The setting `mode` is "speed", "records" for records with
 * connection ids, or "record" and then "client" for the memory of one connection, with connection ids if there is a setting `ids`.
 * Settings `cert`, `ca` and `key`: certificates of the server and its issuer (DER), and the server's private key, hexadecimal.
 */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { loadAssociation, saveAssociation } from "../../../src/dtls/association/saved-association.js"
import { SavedVersionV12 } from "../../../src/dtls/association/v12/saved-version.js"
import { AeadAlgorithm } from "../../../src/dtls/crypto/algorithms.js"
import { type Aead } from "../../../src/dtls/crypto/provider.js"
import { SessionCache } from "../../../src/dtls/endpoint/session-cache.js"
import { type CipherSuite } from "../../../src/dtls/handshake/cipher-suite.js"
import { connectionIds } from "../../../src/dtls/handshake/connection-ids.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { type HelloExtension } from "../../../src/dtls/handshake/hello-extension.js"
import { clientRole } from "../../../src/dtls/association/v12/roles.js"
import { resumeSessions } from "../../../src/dtls/handshake/v12/client-sessions.js"
import { serveSessions } from "../../../src/dtls/handshake/v12/server-sessions.js"
import { TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/certificate-suites.js"
import { rawPublicKeysOnly, SignatureKind, x509Only } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { EcdhePskKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-psk.js"
import { TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256 } from "../../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { CertificateType } from "../../../src/dtls/wire/code-points.js"
import { type AskingConnection, type Credentials, SinglePsk } from "../../../src/gio/credentials.js"
import { CertificatePurpose, TlsCertificateFlags } from "../../../src/gio/enums.js"
import { PinnedKeys } from "../../../src/gio/pinned-keys.js"
import { TlsCertificate } from "../../../src/gio/tls-certificate.js"
import { TlsDatabase } from "../../../src/gio/tls-database.js"
import { X509Credentials } from "../../../src/gio/x509-credentials.js"
import { RuntimeKeys, RuntimePrivateKey } from "../../../src/platform/runtime/keys.js"
import "../../../src/platform/runtime/natives.js"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { ListTable } from "../../../src/platform/runtime/table.js"
import { benchSettings, type End, RECORD_BYTES, Turn } from "./end.js"
import { Link, measureRecords, version12 } from "./link.js"
import { memoryOfClient } from "./memory.js"
import "./natives.js"
import { record } from "./recording.js"

const RESUMPTIONS = 20
const WAKES = 50
const HOUR = 3600000
const SERVER_NAME = "server.test"

const services = new RuntimeServices()
const { crypto } = services
const kind = ds._moteSetting("credentials") ?? "psk"

function bytesOf(name: string): Buffer {
    return Buffer.from(ds._moteSetting(name) ?? "", "hex")
}

/** A cipher suite and the credentials of both sides. */
interface Choice {
    suite: CipherSuite
    client: Credentials
    server: Credentials
    connection: AskingConnection | undefined
}

/** A client's connection to the server named in the certificate. */
class Verifying implements AskingConnection {
    getCertificate(): TlsCertificate | undefined {
        return undefined
    }

    getDatabase(): TlsDatabase | undefined {
        return undefined
    }

    async certificateRequested(): Promise<void> {}

    async verifyPeer(peer: TlsCertificate, database: TlsDatabase): Promise<TlsCertificateFlags> {
        return await database.verifyChain(peer, CertificatePurpose.authenticateServer, SERVER_NAME)
    }

    async acceptsPeer(_peer: TlsCertificate, errors: TlsCertificateFlags): Promise<boolean> {
        return errors === TlsCertificateFlags.NO_FLAGS
    }
}

function preSharedKey(suite: CipherSuite): Choice {
    const psk = new SinglePsk(Buffer.from("device-0001"), hex`0102030405060708090a0b0c0d0e0f10`)
    return { suite, client: psk, server: psk, connection: undefined }
}

/** A pinned key: a raw public key or that of a certificate. */
function pinned(type: number): Choice {
    const key = new RuntimePrivateKey(bytesOf("key"))
    const isRaw = type === CertificateType.rawPublicKey
    const options = isRaw ? rawPublicKeysOnly() : x509Only()
    const exchange = new EcdheCertificateKeyExchange(new RuntimeKeys(), SignatureKind.ecdsa, options)
    const own = { type, certificates: [isRaw ? key.publicKey() : bytesOf("cert")], key }
    return {
        suite: TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange),
        client: new PinnedKeys(crypto, [key.publicKey()], undefined),
        server: new PinnedKeys(crypto, [], own),
        connection: undefined,
    }
}

/** A certificate signed by an authority. */
function certified(): Choice {
    const key = new RuntimePrivateKey(bytesOf("key"))
    const exchange = new EcdheCertificateKeyExchange(new RuntimeKeys(), SignatureKind.ecdsa, x509Only())
    const own = new TlsCertificate(services, bytesOf("cert"), undefined, key)
    return {
        suite: TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange),
        client: new X509Credentials(services, undefined, new TlsDatabase(services, [bytesOf("ca")])),
        server: new X509Credentials(services, own, undefined),
        connection: new Verifying(),
    }
}

function choose(): Choice {
    if (kind === "ecdhe-psk")
        return preSharedKey(TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256(new EcdhePskKeyExchange(new RuntimeKeys())))
    if (kind === "raw-public-key") return pinned(CertificateType.rawPublicKey)
    if (kind === "pinned-certificate") return pinned(CertificateType.x509)
    if (kind === "certificate") return certified()
    return preSharedKey(TLS_PSK_WITH_AES_128_CCM_8())
}

const choice = choose()

type Extensions = () => HelloExtension[]

function linkWith(ofClient: Extensions, ofServer: Extensions): Link {
    const { suite, client, server, connection } = choice
    const suites = [suite]
    const clientEnd: End = {
        settings: () => benchSettings(crypto, suites, ofClient()),
        credentials: client,
        connection,
    }
    const serverEnd: End = {
        settings: () => benchSettings(crypto, suites, ofServer()),
        credentials: server,
        connection,
    }
    return new Link(clientEnd, serverEnd, version12())
}

/** One abbreviated handshake, which resumes the session of the connection before. */
async function resume(link: Link): Promise<void> {
    await link.hangUp()
    link.wireBytes = 0
    link.wireDatagrams = 0
    await link.handshake(Turn.resumedClient, Turn.resumedServer)
    if (!(link.client.association as Association).parameters.resumed) throw new Error("not resumed")
}

/** A full handshake, and abbreviated ones that resume its session by the session id. */
async function handshakes(): Promise<void> {
    const tables = { newTable: <T>() => new ListTable<T>() }
    const clock = () => 0
    const store = new SessionCache(tables, 1)
    const server = serveSessions({ cache: new SessionCache(tables, 1), keys: undefined, lifetime: HOUR, clock })
    const client = resumeSessions(store, SERVER_NAME, clock)
    const link = linkWith(
        () => [client(crypto)],
        () => [server(crypto)],
    )
    await link.handshake(Turn.handshakeClient, Turn.handshakeServer)
    ds._benchReport("wire_bytes", link.wireBytes)
    ds._benchReport("wire_datagrams", link.wireDatagrams)
    for (let i = 0; i < RESUMPTIONS; i++) await resume(link)
    ds._benchReport("resumed_wire_bytes", link.wireBytes)
    ds._benchReport("resumed_wire_datagrams", link.wireDatagrams)
    link.serving.endpoint.close()
}

const none: Extensions = () => []

function linkWithIds(): Link {
    const client = connectionIds(0)
    const server = connectionIds(4)
    return linkWith(
        () => [client(crypto)],
        () => [server(crypto)],
    )
}

const versions = [new SavedVersionV12(clientRole())]

/** Like a sleeping sensor: imports the saved association, saves it for the next wake, and sends a record in one datagram. */
async function wake(link: Link, wrapper: Aead, saved: Buffer, message: Buffer): Promise<Buffer> {
    const { association, note } = loadAssociation(link.client.end.settings(), versions, wrapper, saved, 0, 0)
    link.client.association = association
    const next = saveAssociation(association, versions, wrapper, { send: 1, receive: 0 }, note)
    await link.client.send(message)
    association.drop(FailureReason.closedLocally)
    return next
}

async function wakes(): Promise<void> {
    const link = linkWithIds()
    const wrapper = crypto.newAead(AeadAlgorithm.aes128Ccm, hex`101112131415161718191a1b1c1d1e1f`)
    const message = Buffer.alloc(RECORD_BYTES)
    await link.handshake(Turn.nobody, Turn.nobody)
    const client = link.client.association as Association
    let saved = saveAssociation(
        client,
        versions,
        wrapper,
        { send: 0, receive: 0 },
        { generation: 0, text: Buffer.alloc(0) },
    )
    client.drop(FailureReason.closedLocally)
    for (let i = 0; i < WAKES; i++) {
        ds._benchTurn(Turn.empty)
        ds._benchTurn(Turn.wake)
        saved = await wake(link, wrapper, saved, message)
        ds._benchTurn(Turn.nobody)
        if (i === 0) ds._benchReport("wake_bytes", link.client.toServer[0].length)
        await link.run(Turn.nobody, Turn.nobody)
    }
    if (link.serving.received !== WAKES) throw new Error("records lost")
}

/** Records in both directions; the server's connection id has four bytes, the client's none. */
async function recordsWithIds(): Promise<void> {
    const link = linkWithIds()
    await link.handshake(Turn.nobody, Turn.nobody)
    await measureRecords(link)
}

function linkOfMemory(): Link {
    return ds._moteSetting("ids") === undefined ? linkWith(none, none) : linkWithIds()
}

const mode = ds._moteSetting("mode") ?? "speed"

ds._benchTurn(Turn.nobody)
if (mode === "speed") {
    await handshakes()
    await wakes()
} else if (mode === "records") await recordsWithIds()
else if (mode === "record") await record(linkOfMemory())
else await memoryOfClient(() => linkOfMemory().client)
ds.restart()
