import { invalidArgument } from "./errors.js"

/** Checks the arguments of `exportKeyingMaterial`. Throws INVALID_ARGUMENT, which names the argument. */
export function checkExport(label: string, context: Buffer | undefined, length: number): void {
    if (typeof label !== "string" || label.length === 0) throw invalidArgument("label", "a text is needed")
    // These labels would reveal verify_data, the key block or the master secret (RFC 5705 §4, RFC 7627 §4).
    const reserved = ["client finished", "server finished", "master secret", "extended master secret", "key expansion"]
    if (reserved.indexOf(label) >= 0) throw invalidArgument("label", "one that TLS does not reserve (RFC 5705 §4)")
    if (context !== undefined && (!(context instanceof Buffer) || context.length > 32768))
        throw invalidArgument("context", "a Buffer of at most 32768 bytes, or none")
    if (typeof length !== "number" || length < 1 || length > 8160 || Math.floor(length) !== length)
        throw invalidArgument("length", "a whole number of 1 to 8160 bytes")
}

/** Checks ALPN names. @returns a copy of the names, so that the caller keeps what was checked */
export function checkProtocols(protocols: string[]): string[] {
    if (!Array.isArray(protocols)) throw invalidArgument("protocols", "an array of names is needed")
    for (const name of protocols) {
        const length = typeof name === "string" ? Buffer.from(name).length : 0
        if (length < 1 || length > 255) throw invalidArgument("protocols", "each name has 1 to 255 bytes")
    }
    return protocols.slice()
}
