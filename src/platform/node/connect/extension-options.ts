import { type KeyOperations } from "../../../dtls/crypto/keys.js"
import { connectionIds } from "../../../dtls/handshake/connection-ids.js"
import { connectionIdsV13, MAX_SPARES } from "../../../dtls/handshake/v13/connection-ids.js"
import { maxFragmentLength, recordSizeLimit } from "../../../dtls/handshake/record-limits.js"
import { enhancedReturnRoutability, returnRoutability } from "../../../dtls/handshake/return-routability.js"
import { keyShares } from "../../../dtls/key-exchange/v13/key-shares.js"
import { type DtlsSettings } from "../../../gio/settings.js"
import { GROUP_NAMES, type GroupName, keysWithGroups } from "./groups.js"
import { NodeKeys } from "../keys.js"
import { type PublicKeys } from "./certificate-options.js"
import { bytesOf, isWhole } from "./option-checks.js"
import { nodeError, wrongArgument } from "./errors.js"
import { HASH_NAMES, type ImportedPsk, importing } from "./imported-psk.js"
import { versionsOf } from "./versions.js"
import { type CommonOptions, type PskMode } from "./options.js"

/** The hello extensions that options ask for. Throws ERR_DTLS_INVALID_ARGUMENT for values that these options cannot have. */
export function extensionsOf(
    options: CommonOptions,
    publicKeys: PublicKeys | undefined,
    isServer: boolean,
): DtlsSettings["extensions"] {
    return [
        ...idsOf(options),
        ...recordLimitsOf(options, isServer),
        ...keysV13(options, publicKeys),
        ...importOf(options),
    ]
}

/** The extensions for key agreement and certificates in DTLS 1.3. */
function keysV13(options: CommonOptions, publicKeys: PublicKeys | undefined): DtlsSettings["extensions"] {
    const modes = modesOf(options)
    const agrees = modes.includes("psk_dhe_ke")
    const certified =
        publicKeys === undefined || versionsOf(options).newest === "1.2" ? [] : [publicKeys.authentication]
    if (certified.length > 0 && !agrees)
        throw wrongArgument("pskModes", `with "psk_dhe_ke": certificates need a key agreement`)
    const { groups } = options
    if (!agrees && groups === undefined) return []
    const keys = groups === undefined ? new NodeKeys() : keysOf(groups, agrees)
    return agrees ? [keyShares(keys, !modes.includes("psk_ke")), ...certified] : []
}

function keysOf(groups: GroupName[], agrees: boolean): KeyOperations {
    const areGroups = Array.isArray(groups) && groups.every((name) => GROUP_NAMES.includes(name))
    if (!agrees || !areGroups || groups.length === 0 || new Set(groups).size < groups.length)
        throw wrongArgument("groups", `some of ${GROUP_NAMES.join(", ")}, for DTLS 1.3 with a key agreement`)
    try {
        return keysWithGroups(groups)
    } catch (error) {
        throw nodeError(error)
    }
}

/** The PSK modes. None in DTLS 1.2, where the cipher suite determines the key exchange. */
function modesOf(options: CommonOptions): PskMode[] {
    const { pskModes } = options
    const isOlder = versionsOf(options).newest === "1.2"
    if (isOlder && pskModes === undefined) return []
    const modes = pskModes ?? ["psk_dhe_ke", "psk_ke"]
    const areModes = Array.isArray(modes) && modes.every((mode) => mode === "psk_dhe_ke" || mode === "psk_ke")
    if (isOlder || !areModes || modes.length === 0)
        throw wrongArgument("pskModes", `"psk_dhe_ke", "psk_ke" or both, for DTLS 1.3`)
    return modes
}

function importOf(options: CommonOptions): DtlsSettings["extensions"] {
    const { importedPsk } = options
    if (importedPsk === undefined) return []
    if (versionsOf(options).oldest !== "1.3") throw wrongArgument("importedPsk", 'left out, or minVersion is "1.3"')
    return [importing(checkedImport(importedPsk))]
}

function checkedImport({ context = "", hash = "SHA-256", of }: ImportedPsk): ImportedPsk {
    if (!HASH_NAMES.includes(hash)) throw wrongArgument("importedPsk", 'its hash is "SHA-256" or "SHA-384"')
    const bytes = bytesOf("importedPsk", context)
    if (bytes.length > 65535) throw wrongArgument("importedPsk", "its context has at most 65535 bytes")
    if (of === undefined) return { context: bytes, hash }
    if (typeof of !== "function") throw wrongArgument("importedPsk", "its of is a function")
    const ofKey = (identity: Buffer): ImportedPsk | undefined => {
        const own = of(identity)
        return own && checkedImport(own)
    }
    return { context: bytes, hash, of: ofKey }
}

function recordLimitsOf(options: CommonOptions, isServer: boolean): DtlsSettings["extensions"] {
    const { recordSizeLimit: size, maxFragmentLength: length } = options
    const isNewer = versionsOf(options).newest === "1.3"
    if (size !== undefined && (!isWhole(size, 16384) || size < 64))
        throw wrongArgument("recordSizeLimit", "64 to 16384 bytes")
    const lengths = isServer ? [0] : [512, 1024, 2048, 4096]
    if (length !== undefined && (isNewer || !lengths.includes(length)))
        throw wrongArgument("maxFragmentLength", `${isServer ? "0" : "512, 1024, 2048 or 4096 bytes"}, for DTLS 1.2`)
    return [
        ...(size === undefined ? [] : [recordSizeLimit(size)]),
        ...(length === undefined ? [] : [maxFragmentLength(length)]),
    ]
}

function idsOf(options: CommonOptions): DtlsSettings["extensions"] {
    const { connectionId, spareConnectionIds: spares = 0, returnRoutability: form = "basic" } = options
    const isNewer = versionsOf(options).newest === "1.3"
    if (!isWhole(spares, MAX_SPARES) || (spares > 0 && (!isNewer || connectionId === undefined)))
        throw wrongArgument("spareConnectionIds", `0 to ${MAX_SPARES}, with connectionId and DTLS 1.3`)
    const isForm = form === "basic" || form === "enhanced"
    if (!isForm || (options.returnRoutability !== undefined && connectionId === undefined))
        throw wrongArgument("returnRoutability", '"basic" or "enhanced", with connectionId')
    if (connectionId === undefined) return []
    if (!isWhole(connectionId, 255)) throw wrongArgument("connectionId", "a whole number of bytes from 0 to 255")
    const ids = isNewer ? connectionIdsV13(connectionId, spares) : connectionIds(connectionId)
    return [ids, form === "basic" ? returnRoutability() : enhancedReturnRoutability()]
}
