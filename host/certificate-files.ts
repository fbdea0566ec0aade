/* Certificates and raw public keys in files, for the command line and for mote-gateway. */
import { readFileSync } from "node:fs"
import {
    hasPublicKeys,
    type PublicKeyOptions,
    type PublicKeys,
    publicKeysOf,
} from "../src/platform/node/connect/certificate-options.js"
import { DtlsError } from "../src/platform/node/connect/errors.js"
import { NodeServices } from "../src/platform/node/services.js"
import { UsageError } from "./credentials.js"

/** Paths of PEM files, and pins. */
export interface CertificateFiles {
    /** own certificates; each file has one, followed by those of its issuers */
    cert?: string[] | undefined
    /** private keys of `cert`; without `cert` the one whose public key is presented, bare (RFC 7250) */
    key?: string[] | undefined
    /** authorities that certify peers */
    ca?: string[] | undefined
    /** SHA-256 of peers' raw public keys, hexadecimal, with or without colons */
    rpkPin?: string[] | undefined
}

type FileOption = "cert" | "key" | "ca"

/**
 * @param nameOf how an option is called where the user wrote it: "rpkPin" is --rpk-pin on the command line
 * @returns undefined when nothing is given. Throws UsageError.
 */
export function readCertificateFiles(
    files: CertificateFiles,
    role: "client" | "server",
    nameOf: (option: string) => string,
): PublicKeys | undefined {
    const read = (option: FileOption): string[] | undefined =>
        files[option]?.map((file) => readText(nameOf(option), file))
    const [cert, keys, ca] = [read("cert"), read("key"), read("ca")]
    const isRawKey = cert === undefined && keys !== undefined
    if (isRawKey && keys.length > 1)
        throw new UsageError(`${nameOf("key")}: one, unless ${nameOf("cert")} says which certificates they belong to`)
    const rawPublicKeys = files.rpkPin?.map((pin) => pinOf(nameOf("rpkPin"), pin))
    const options: PublicKeyOptions = { cert, key: isRawKey ? keys[0] : keys, ca, rawPublicKeys }
    if (!hasPublicKeys(options)) return undefined
    return publicKeysFor(options, role, nameOf)
}

/** A client without options of its own takes servers that the system's authorities certify. Throws UsageError. */
export function publicKeysFor(
    options: PublicKeyOptions,
    role: "client" | "server",
    nameOf: (option: string) => string,
): PublicKeys {
    try {
        return publicKeysOf(new NodeServices(), options, role === "server")
    } catch (error) {
        // Its text begins with the option's name in the library.
        if (error instanceof DtlsError) throw new UsageError(error.message.replace(/^\w+/, nameOf))
        throw error
    }
}

/** @param option how to call it. Throws UsageError. */
function pinOf(option: string, given: string): Buffer {
    const hex = given.replace(/:/g, "")
    if (/^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, "hex")
    throw new UsageError(`${option}: 64 hex digits; openssl pkey -in KEY -pubout -outform DER | sha256sum prints them`)
}

function readText(option: string, file: string): string {
    try {
        return readFileSync(file, "utf8")
    } catch (error) {
        throw new UsageError(`${option}: cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
}
