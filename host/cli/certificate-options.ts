import { type Command } from "commander"
import { readFileSync } from "node:fs"
import {
    hasPublicKeys,
    type PublicKeyOptions,
    type PublicKeys,
    publicKeysOf,
} from "../../src/platform/node/connect/certificate-options.js"
import { DtlsError } from "../../src/platform/node/connect/errors.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { UsageError } from "../credentials.js"
import { repeated } from "./parsers.js"

/** Certificates and raw public keys on the command line. */
export interface CertificateFiles {
    cert?: string[]
    key?: string[]
    ca?: string[]
    rpkPin?: string[]
    /** client */
    serverName?: string
    /** client */
    insecure?: boolean
}

export function addCertificateOptions(command: Command, role: "client" | "server"): Command {
    const judged = role === "client" ? "" : "; clients then need a certificate or a raw public key"
    command
        .option(
            "--cert <FILE>",
            "own certificate in PEM, then those of its issuers; the key may stand there, too. Again for another kind of " +
                "key, ECDSA or RSA: a peer gets the first that it can verify",
            repeated,
        )
        .option(
            "--key <FILE>",
            "private key in PEM; again for more; without --cert its public key is presented, bare (RFC 7250)",
            repeated,
        )
        .option("--ca <FILE>", `authorities that certify peers, in PEM; again for more files${judged}`, repeated)
        .option(
            "--rpk-pin <HEX>",
            `SHA-256 of a peer's raw public key (its SubjectPublicKeyInfo); again for more${judged}`,
            repeated,
        )
    if (role === "server") return command
    return command
        .option("--server-name <NAME>", "name that the server's certificate must have (default: the host)")
        .option("--insecure", "go on whatever is wrong with the server's certificate, and say what it is")
}

/** undefined: only pre-shared keys. Throws UsageError. */
export function certificatesOf(files: CertificateFiles, role: "client" | "server"): PublicKeys | undefined {
    const options: PublicKeyOptions = {
        cert: files.cert?.map((file) => readText("--cert", file)),
        key: keysOf(files),
        ca: files.ca?.map((file) => readText("--ca", file)),
        rawPublicKeys: files.rpkPin?.map(pinOf),
    }
    if (!hasPublicKeys(options)) {
        if (files.insecure !== true && files.serverName === undefined) return undefined
    }
    try {
        return publicKeysOf(new NodeServices(), options, role === "server")
    } catch (error) {
        if (error instanceof DtlsError) throw new UsageError(`--${error.message}`)
        throw error
    }
}

function pinOf(given: string): Buffer {
    const hex = given.replace(/:/g, "")
    if (/^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, "hex")
    throw new UsageError("--rpk-pin: 64 hex digits; openssl pkey -in KEY -pubout -outform DER | sha256sum prints them")
}

/** A raw public key is one. */
function keysOf({ cert, key }: CertificateFiles): string | string[] | undefined {
    const keys = key?.map((file) => readText("--key", file))
    if (cert !== undefined || keys === undefined) return keys
    if (keys.length > 1) throw new UsageError("--key: one, unless --cert says which certificates they belong to")
    return keys[0]
}

function readText(option: string, file: string): string {
    try {
        return readFileSync(file, "utf8")
    } catch (error) {
        throw new UsageError(`${option}: cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
}
