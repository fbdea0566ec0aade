/* node --import tsx examples/raw-public-keys.ts: client and server know each other by their public keys (RFC 7250). */
import { generateKeyPairSync } from "node:crypto"
import {
    AuthenticationMode,
    EcdheCertificateKeyExchange,
    gatewayLimits,
    rawPublicKeysOnly,
    SignatureKind,
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
    wifi,
} from "../src/entry/engine.js"
import {
    DtlsClientConnection,
    DtlsListener,
    type DtlsSettings,
    InputMessage,
    newSettings,
    OutputMessage,
    type OwnKey,
    PinnedKeys,
} from "../src/entry/gio.js"
import { NodeKeys, NodePrivateKey, NodeServices } from "../src/index.js"

/** µs */
const TIMEOUT = 5000000
const RAW_PUBLIC_KEY = 2

function newKey(): OwnKey {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const info = publicKey.export({ format: "der", type: "spki" })
    return { type: RAW_PUBLIC_KEY, certificates: [info], key: new NodePrivateKey(privateKey) }
}

const services = new NodeServices()
const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, rawPublicKeysOnly())

/** Settings of a side that presents `own` and believes the owner of `peer`. */
function settingsOf(own: OwnKey, peer: OwnKey): DtlsSettings {
    const credentials = new PinnedKeys(services.crypto, peer.certificates, own)
    return newSettings([TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange)], credentials, wifi(), gatewayLimits())
}

const [device, gateway] = [newKey(), newKey()]

const serverSocket = await services.openUdp({ localHost: "127.0.0.1", localPort: 0, remote: undefined })
const serverSettings = settingsOf(gateway, device)
serverSettings.authenticationMode = AuthenticationMode.required
const listener = new DtlsListener(services, serverSocket, serverSettings)

const remote = serverSocket.localAddress()
const clientSocket = await services.openUdp({ localHost: undefined, localPort: 0, remote })
const client = new DtlsClientConnection(services, clientSocket, settingsOf(device, gateway), undefined)
await client.sendMessages([new OutputMessage([Buffer.from("hello")])], 0, TIMEOUT)

const accepted = await listener.accept(TIMEOUT)
const message = new InputMessage([Buffer.alloc(100)])
await accepted.receiveMessages([message], 0, TIMEOUT)
console.log(message.vectors[0]?.subarray(0, message.bytesReceived).toString())

await client.close()
await listener.close()
clientSocket.close()
serverSocket.close()
