/*
 * The parts of a program that devs.config.json determines. `mote build` replaces this file in the folder where it
 * compiles.
 */
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

/** Creates a connection for the configured versions. */
export function configuredConnection(
    services: Services,
    base: DatagramBased,
    settings: DtlsSettings,
    serverIdentity: string | undefined,
): DtlsClientConnection {
    return new DtlsClientConnection(services, base, settings, serverIdentity)
}

/** Credentials of this device, and the servers it trusts: its pre-shared key, unless certificates are configured. */
export function configuredCredentials(_services: Services, setting: SettingSource): Credentials {
    return new SinglePsk(Buffer.from(setting("identity", "")), Buffer.from(setting("key", ""), "hex"))
}

/** `mcuLimits`, with room for certificate chains if authorities are configured. */
export function configuredLimits(): Limits {
    return mcuLimits()
}

/**
 * Functions that make an association's hello extensions, such as connection ids if they are configured.
 * @param _setting provides the server's name as `host`, because a server may have several certificates
 */
export function configuredExtensions(_setting?: SettingSource): ((crypto: CryptoProvider) => HelloExtension)[] {
    return []
}

export function configuredSuites(): CipherSuite[] {
    return [TLS_PSK_WITH_AES_128_CCM_8()]
}
