import { createHash } from "node:crypto"
import { readFileSync, statSync } from "node:fs"
import { type PskAnswer, type Question, QuestionKind } from "../src/dtls/handshake/question.js"
import { type Credentials } from "../src/gio/credentials.js"
import { secretFromHex } from "../src/platform/node/secret.js"
import { identityText } from "./describe.js"

/** Input that a user got wrong: the message says what to do, and no stack is shown. */
export class UsageError extends Error {}

/** "identity:hexkey". @param where what to blame: an option, or file and line. The key never enters an error text. */
export function parsePsk(text: string, where: string): PskAnswer {
    const colon = text.lastIndexOf(":")
    if (colon < 0)
        throw new UsageError(`${where}: write identity:hexkey, for example sensor1:00112233445566778899aabbccddeeff`)
    const identity = Buffer.from(text.slice(0, colon))
    const hex = text.slice(colon + 1)
    if (hex.length === 0) throw new UsageError(`${where}: the key is empty; 16 random bytes (32 hex digits) are strong`)
    if (!/^[0-9a-fA-F]*$/.test(hex))
        throw new UsageError(`${where}: the key has something that is no hex digit (0-9, a-f)`)
    if (hex.length % 2 !== 0) throw new UsageError(`${where}: the key has an odd number of hex digits (${hex.length})`)
    if (identity.length > 65535 || hex.length > 2 * 65535) throw new UsageError(`${where}: identity or key is too long`)
    return { identity, key: secretFromHex(hex) }
}

/** Lines `identity:hexkey`, the form of gnutls-serv's --pskpasswd; empty lines and lines that begin with # are skipped. */
export function readPskFile(path: string, where = "--psk-file"): PskAnswer[] {
    let content: string
    try {
        content = readFileSync(path, "utf8")
    } catch (error) {
        throw new UsageError(`${where}: cannot read that file (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
    const entries: PskAnswer[] = []
    content.split(/\r?\n/).forEach((line, index) => {
        if (line.trim() !== "" && !line.startsWith("#"))
            entries.push(parsePsk(line.trim(), `${path}, line ${index + 1}`))
    })
    if (entries.length === 0) throw new UsageError(`${where}: ${path} has no line identity:hexkey`)
    return entries
}

/** RFC 7925 §4.2 has suites of 128 bits, bytes. */
const STRONG_KEY = 16

/** What is questionable about keys, for whoever gave them; no key is in it. @param file where they stand, if in one */
export function keyWarnings(keys: PskAnswer[], file: string | undefined): string[] {
    const warnings: string[] = []
    const identities = new Set<string>()
    const secrets = new Map<string, string>()
    for (const { identity, key } of keys) {
        const name = identityText(identity)
        if (identities.has(name))
            warnings.push(`identity ${name} is given twice: a server takes the last key, a client the first`)
        identities.add(name)
        if (key.length < STRONG_KEY || key.every((byte) => byte === key[0]))
            warnings.push(`the key of identity ${name} is weak: 16 random bytes (32 hex digits) cannot be guessed`)
        const digest = createHash("sha256").update(key).digest("hex")
        const other = secrets.get(digest)
        if (other !== undefined && other !== name) warnings.push(`identities ${other} and ${name} have the same key`)
        secrets.set(digest, name)
    }
    if (file !== undefined && (statSync(file).mode & 0o077) !== 0)
        warnings.push(`other users of this machine can read ${file}: chmod 600 takes that away`)
    return warnings
}

/** Keys of many clients for a server, by identity. */
export class PskStore implements Credentials {
    readonly #keys = new Map<string, PskAnswer>()

    constructor(entries: PskAnswer[]) {
        for (const entry of entries) this.#keys.set(entry.identity.toString("hex"), entry)
    }

    answer(question: Question): Promise<PskAnswer | undefined> {
        const asked = question.kind === QuestionKind.psk ? question.identity.toString("hex") : ""
        return Promise.resolve(this.#keys.get(asked))
    }
}
