import { wrongArgument } from "./errors.js"

/** Throws ERR_DTLS_INVALID_ARGUMENT that names the first option which is not known: a misspelt one would be of no effect. */
export function checkNames(options: object, known: readonly string[]): void {
    if (typeof options !== "object" || options === null) throw wrongArgument("options", "an object")
    const unknown = Object.keys(options).find((name) => !known.includes(name))
    if (unknown !== undefined) throw wrongArgument(unknown, `no such option; there are ${known.join(", ")}`)
}
