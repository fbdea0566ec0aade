/* Credentials of a device configured with certificates, from the settings that `mote build` makes of their files. */
import { type PrivateKey } from "../dtls/handshake/question.js"
import { type Credentials } from "../gio/credentials.js"
import { EitherCredentials } from "../gio/either-credentials.js"
import { EitherPeers } from "../gio/either-peers.js"
import { type OwnKey, PinnedKeys } from "../gio/pinned-keys.js"
import { certificateChain } from "../gio/tls-certificate.js"
import { TlsDatabase } from "../gio/tls-database.js"
import { X509Credentials } from "../gio/x509-credentials.js"
import { type Services } from "../platform/services.js"
import { type SettingSource } from "./settings.js"

/** The values of the settings NAME1, NAME2 and so on, which are bytes in hexadecimal. */
export function listOfSettings(setting: SettingSource, name: string): Buffer[] {
    const list: Buffer[] = []
    let hex = setting(name + 1, "")
    while (hex.length > 0) {
        list.push(Buffer.from(hex, "hex"))
        hex = setting(name + (list.length + 1), "")
    }
    return list
}

/**
 * Credentials with a certificate of this device, and authorities that certify its servers. Throws
 * TlsError.BAD_CERTIFICATE.
 */
export function certifiedCredentials(services: Services, setting: SettingSource, key: PrivateKey): Credentials {
    const own = certificateChain(services, listOfSettings(setting, "cert"), key)
    return new X509Credentials(services, own, new TlsDatabase(services, listOfSettings(setting, "ca")))
}

/** Trusts servers certified by the configured authorities. */
function authorities(services: Services, setting: SettingSource): Credentials {
    return new X509Credentials(services, undefined, new TlsDatabase(services, listOfSettings(setting, "ca")))
}

/**
 * Credentials with a raw public key of this device, and authorities that certify its servers. @param own what this
 * device presents
 */
export function bareCredentials(services: Services, setting: SettingSource, own: OwnKey): Credentials {
    return new EitherCredentials(undefined, new PinnedKeys(services.crypto, [], own), authorities(services, setting))
}

/**
 * Trusts servers with the configured public keys, or certified by the configured authorities. @param own what this
 * device presents
 */
export function pinnedOrCertified(services: Services, setting: SettingSource, own: OwnKey): Credentials {
    const pinned = pinnedCredentials(services, setting, own)
    return new EitherCredentials(undefined, pinned, new EitherPeers(pinned, authorities(services, setting)))
}

/** Trusts servers with the configured public keys. @param own what this device presents */
export function pinnedCredentials(services: Services, setting: SettingSource, own: OwnKey): Credentials {
    return new PinnedKeys(services.crypto, listOfSettings(setting, "rpkPin"), own)
}
