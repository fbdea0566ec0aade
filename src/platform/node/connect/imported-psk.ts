import { SHA_256, SHA_384 } from "../../../dtls/crypto/algorithms.js"
import { importedPsks, type ImportOptions } from "../../../dtls/handshake/v13/imported-psks.js"
import { type DtlsSettings } from "../../../gio/settings.js"

export const HASH_NAMES = ["SHA-256", "SHA-384"] as const

/** How pre-shared keys are imported (RFC 9258). Both sides need the same values. */
export interface ImportedPsk {
    /** the context that keys are bound to, such as the names of both sides; 0 to 65535 bytes. Default: empty */
    context?: string | Uint8Array | undefined
    /** the hash function of the external key (RFC 9258): without import, the key could be used with this hash only. Default: SHA-256 */
    hash?: (typeof HASH_NAMES)[number] | undefined
    /** values for individual keys, by identity, such as a context for each device; undefined: the values above */
    of?: ((identity: Buffer) => ImportedPsk | undefined) | undefined
}

/** Makes an extension for `DtlsSettings.extensions` that imports pre-shared keys. */
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
