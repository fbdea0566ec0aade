import { type Command } from "commander"
import { type PublicKeys } from "../../src/platform/node/connect/certificate-options.js"
import { type CertificateFiles, publicKeysFor, readCertificateFiles } from "../certificate-files.js"
import { repeated } from "./parsers.js"

/** Certificates and raw public keys on the command line. */
export interface CertificateOptions extends CertificateFiles {
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
export function certificatesOf(options: CertificateOptions, role: "client" | "server"): PublicKeys | undefined {
    const given = readCertificateFiles(options, role, optionName)
    const wantsCertificate = options.insecure === true || options.serverName !== undefined
    return given ?? (wantsCertificate ? publicKeysFor({}, role, optionName) : undefined)
}

/** rpkPin: --rpk-pin */
function optionName(name: string): string {
    return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
