/*
 * Size profile: a DTLS client with ECDHE_ECDSA, a pinned server key and a raw public key of its own. It sends "hello"
 * and logs the answer.
 */
import * as ds from "@devicescript/core"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/certificate-suites.js"
import { rawPublicKeysOnly, SignatureKind } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { CertificateType } from "../../../src/dtls/wire/code-points.js"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { PinnedKeys } from "../../../src/gio/pinned-keys.js"
import { newSettings } from "../../../src/gio/settings.js"
import { RuntimeKeys, RuntimePrivateKey } from "../../../src/platform/runtime/keys.js"
import "../../../src/platform/runtime/natives.js"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { sayHello } from "../say-hello.js"

function setting(name: string): string {
    return ds._moteSetting(name) ?? ""
}

async function main(): Promise<void> {
    const services = new RuntimeServices()
    const key = new RuntimePrivateKey(Buffer.from(setting("key"), "hex"))
    const own = { type: CertificateType.rawPublicKey, certificates: [key.publicKey()], key }
    const credentials = new PinnedKeys(services.crypto, [Buffer.from(setting("pin"), "hex")], own)
    const exchange = new EcdheCertificateKeyExchange(new RuntimeKeys(), SignatureKind.ecdsa, rawPublicKeysOnly())
    const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange)]
    const settings = newSettings(suites, credentials, wifi(), mcuLimits())
    const remote = { address: setting("host"), port: parseInt(setting("port")) }
    const socket = await services.openUdp({ localHost: undefined, localPort: 0, remote })
    const connection = new DtlsClientConnection(services, socket, settings, undefined)
    await sayHello(services, connection)
}

await main()
