import { type PskAnswer, QuestionKind } from "../../../dtls/handshake/question.js"
import { MAX_PSKS } from "../../../dtls/wire/v13/extensions.js"
import { type Credentials, SinglePsk } from "../../../gio/credentials.js"
import { PskList } from "../../../gio/psk-list.js"
import { secretCopy } from "../secret.js"
import { checkNames } from "./option-checks.js"
import { wrongArgument } from "./errors.js"
import { type Versions } from "./versions.js"

/** A pre-shared key and its identity. */
export interface Psk {
    /** 0 to 65535 bytes, UTF-8 or binary; for DTLS 1.3 1 to 16384 bytes. Peers need not support more than 128 bytes (RFC 4279 §5.3) */
    identity: string | Uint8Array
    /** 1 to 65535 bytes; 16 random bytes are a strong key */
    key: Uint8Array
}

/**
 * Looks up a client's key by the identity that the client claims. undefined: the client is refused. The function may return a promise; the
 * server continues to serve other clients meanwhile. If the function throws, the client is refused, and `onDiagnostic` is called.
 */
export type PskLookup = (identity: Buffer) => Uint8Array | undefined | Promise<Uint8Array | undefined>

/** Longest identity in DTLS 1.2 (RFC 4279 §2), and the longest that fits into a DTLS 1.3 ClientHello, in bytes. */
const MAX_IDENTITY = 65535
const MAX_IDENTITY_V13 = 16384

/** Throws ERR_DTLS_INVALID_ARGUMENT for an identity that is too short or too long for these versions. */
export function checkIdentities(psks: Psk[], { newest }: Versions): void {
    const [least, most] = newest === "1.2" ? [0, MAX_IDENTITY] : [1, MAX_IDENTITY_V13]
    for (const { identity } of psks) {
        const length = Buffer.byteLength(identity)
        if (length < least || length > most)
            throw wrongArgument("psk", `its identity has ${least} to ${most} bytes in DTLS ${newest}`)
    }
}

/** Makes credentials of a single key. Returns given credentials unchanged. */
export function credentialsOf(psk: Psk | Credentials): Credentials {
    if (typeof psk !== "object" || psk === null) throw wrongArgument("psk", "{ identity, key } or Credentials")
    if ("answer" in psk) return psk
    const { identity, key } = pskOf(psk)
    return new SinglePsk(identity, key)
}

/** Makes credentials from several keys of a client, each with a different identity. */
export function listOf(psks: Psk[], { newest }: Versions): Credentials {
    if (newest === "1.2") throw wrongArgument("psk", 'one { identity, key }, or maxVersion is "1.3"')
    if (psks.length === 0 || psks.length > MAX_PSKS) throw wrongArgument("psk", `1 to ${MAX_PSKS} of { identity, key }`)
    const keys = psks.map(pskOf)
    const identities = new Set(keys.map(({ identity }) => identity.toString("hex")))
    if (identities.size < keys.length) throw wrongArgument("psk", "identities that differ")
    return new PskList(keys)
}

function pskOf(psk: Psk): PskAnswer {
    if (typeof psk !== "object" || psk === null) throw wrongArgument("psk", "{ identity, key } or Credentials")
    checkNames(psk, ["identity", "key"])
    if (!(psk.key instanceof Uint8Array) || psk.key.length === 0)
        throw wrongArgument("psk", "its key is a Uint8Array or Buffer with bytes in it")
    if (typeof psk.identity !== "string" && !(psk.identity instanceof Uint8Array))
        throw wrongArgument("psk", "its identity is a text or bytes")
    // An association keeps the identity. If it were a slice of a pool, the whole pool would stay in memory.
    return { identity: secretCopy(Buffer.from(psk.identity)), key: secretCopy(psk.key) }
}

/** Makes a server's credentials from a lookup function. */
export function lookingUp(lookup: PskLookup): Credentials {
    return {
        answer: async (question) => {
            if (question.kind !== QuestionKind.psk) return undefined
            const { identity } = question
            const key = await lookup(Buffer.from(identity))
            return key === undefined || key === null ? undefined : { identity, key: secretCopy(key) }
        },
    }
}
