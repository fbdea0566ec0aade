import { SHA_256, SHA_384 } from "../../../dtls/crypto/algorithms.js"
import { importedPsks, type ImportOptions } from "../../../dtls/handshake/v13/imported-psks.js"
import { type DtlsSettings } from "../../../gio/settings.js"

export const HASH_NAMES = ["SHA-256", "SHA-384"] as const

/** How pre-shared keys are imported. */
export interface ImportedPsk {
    /** what a key is used for, such as the names of both sides; 0 to 65535 bytes. Default: empty */
    context?: string | Uint8Array | undefined
    /** the one hash with which a key may be used as it is. Default: SHA-256 */
    hash?: (typeof HASH_NAMES)[number] | undefined
    /** of keys that are imported otherwise, by their identity, such as the context of each device; undefined: as above */
    of?: ((identity: Buffer) => ImportedPsk | undefined) | undefined
}

/** For `DtlsSettings.extensions`. */
export function importing(given: ImportedPsk): DtlsSettings["extensions"][number] {
    return importedPsks(optionsOf(given))
}

function optionsOf({ context = "", hash = "SHA-256", of }: ImportedPsk): ImportOptions {
    const options = { context: Buffer.from(context), hash: hash === "SHA-256" ? SHA_256() : SHA_384() }
    if (of === undefined) return options
    const ofKey = (identity: Buffer): ImportOptions | undefined => {
        const own = of(identity)
        return own && optionsOf(own)
    }
    return { ...options, of: ofKey }
}
