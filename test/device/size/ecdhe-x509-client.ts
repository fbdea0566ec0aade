/*
 * Size profile: a DTLS client with ECDHE_ECDSA and a certificate of its own, which trusts servers certified by one
 * authority for the requested name. It sends "hello" and logs the answer.
 */
import * as ds from "@devicescript/core"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { serverName } from "../../../src/dtls/handshake/server-name.js"
import { TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/certificate-suites.js"
import { SignatureKind, x509Only } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { newSettings } from "../../../src/gio/settings.js"
import { TlsCertificate } from "../../../src/gio/tls-certificate.js"
import { TlsDatabase } from "../../../src/gio/tls-database.js"
import { X509Credentials } from "../../../src/gio/x509-credentials.js"
import { RuntimeKeys, RuntimePrivateKey } from "../../../src/platform/runtime/keys.js"
import "../../../src/platform/runtime/natives.js"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { sayHello } from "../say-hello.js"

function setting(name: string): string {
    return ds._moteSetting(name) ?? ""
}

function bytesOf(name: string): Buffer {
    return Buffer.from(setting(name), "hex")
}

async function main(): Promise<void> {
    const services = new RuntimeServices()
    const key = new RuntimePrivateKey(bytesOf("key"))
    const own = new TlsCertificate(services, bytesOf("cert"), undefined, key)
    const credentials = new X509Credentials(services, own, new TlsDatabase(services, [bytesOf("ca")]))
    const exchange = new EcdheCertificateKeyExchange(new RuntimeKeys(), SignatureKind.ecdsa, x509Only())
    const suites = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange)]
    const limits = mcuLimits()
    // Room for a chain of four certificates.
    limits.handshakeMessageBytes = 4096
    limits.inboxBytes = 6144
    const settings = newSettings(suites, credentials, wifi(), limits)
    const name = setting("name")
    settings.extensions.push(serverName(name))
    const remote = { address: setting("host"), port: parseInt(setting("port")) }
    const socket = await services.openUdp({ localHost: undefined, localPort: 0, remote })
    const connection = new DtlsClientConnection(services, socket, settings, name)
    await sayHello(services, connection)
}

await main()
