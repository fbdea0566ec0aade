/* What devs.config.json decides about the program itself: `mote build` writes this file anew in the folder where it compiles. */
import { type CryptoProvider } from "../dtls/crypto/provider.js"
import { type CipherSuite } from "../dtls/handshake/cipher-suite.js"
import { type HelloExtension } from "../dtls/handshake/hello-extension.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../dtls/key-exchange/suites.js"
import { type DatagramBased } from "../gio/datagram-based.js"
import { DtlsClientConnection } from "../gio/dtls-client-connection.js"
import { type DtlsSettings } from "../gio/settings.js"
import { type Services } from "../platform/services.js"

/** Makes a connection of the versions that the configuration names. */
export function configuredConnection(
    services: Services,
    base: DatagramBased,
    settings: DtlsSettings,
    serverIdentity: string | undefined,
): DtlsClientConnection {
    return new DtlsClientConnection(services, base, settings, serverIdentity)
}

/** What makes the hello extensions of an association: connection ids, where the configuration has them. */
export function configuredExtensions(): ((crypto: CryptoProvider) => HelloExtension)[] {
    return []
}

export function configuredSuites(): CipherSuite[] {
    return [TLS_PSK_WITH_AES_128_CCM_8()]
}
