/* What devs.config.json decides about the program itself: `mote build` writes this file anew in the folder where it compiles. */
import { type CryptoProvider } from "../dtls/crypto/provider.js"
import { type CipherSuite } from "../dtls/handshake/cipher-suite.js"
import { type HelloExtension } from "../dtls/handshake/hello-extension.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../dtls/key-exchange/suites.js"
import { type Limits, mcuLimits } from "../dtls/handshake/limits.js"
import { type Credentials, SinglePsk } from "../gio/credentials.js"
import { type DatagramBased } from "../gio/datagram-based.js"
import { DtlsClientConnection } from "../gio/dtls-client-connection.js"
import { type DtlsSettings } from "../gio/settings.js"
import { type Services } from "../platform/services.js"
import { type SettingSource } from "./settings.js"

/** Makes a connection of the versions that the configuration names. */
export function configuredConnection(
    services: Services,
    base: DatagramBased,
    settings: DtlsSettings,
    serverIdentity: string | undefined,
): DtlsClientConnection {
    return new DtlsClientConnection(services, base, settings, serverIdentity)
}

/** What this device shows, and whom it believes: its pre-shared key, unless the configuration has certificates. */
export function configuredCredentials(_services: Services, setting: SettingSource): Credentials {
    return new SinglePsk(Buffer.from(setting("identity", "")), Buffer.from(setting("key", ""), "hex"))
}

/** Those of `mcuLimits`, with room for chains where the configuration has authorities. */
export function configuredLimits(): Limits {
    return mcuLimits()
}

/**
 * What makes the hello extensions of an association, such as connection ids where the configuration has them.
 * @param _setting has the name of the server as `host`: it may have several certificates
 */
export function configuredExtensions(_setting?: SettingSource): ((crypto: CryptoProvider) => HelloExtension)[] {
    return []
}

export function configuredSuites(): CipherSuite[] {
    return [TLS_PSK_WITH_AES_128_CCM_8()]
}
