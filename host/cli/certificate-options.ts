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
            "own certificate in PEM, followed by its issuers; may include the key. Repeatable, for another kind of key " +
                "(ECDSA, RSA): a peer gets the first certificate that it can verify",
            repeated,
        )
        .option(
            "--key <FILE>",
            "private key in PEM; repeatable. Without --cert its raw public key is presented (RFC 7250)",
            repeated,
        )
        .option("--ca <FILE>", `trusted authorities in PEM, which certify peers; repeatable${judged}`, repeated)
        .option(
            "--rpk-pin <HEX>",
            `SHA-256 of the raw public key (SubjectPublicKeyInfo) of a trusted peer; repeatable${judged}`,
            repeated,
        )
    if (role === "server") return command
    return command
        .option("--server-name <NAME>", "name that the server's certificate must be for (default: the host)")
        .option("--insecure", "connect even if the server's certificate is wrong, and print what is wrong with it")
}

/** undefined: only pre-shared keys. Throws UsageError. */
export function certificatesOf(options: CertificateOptions, role: "client" | "server"): PublicKeys | undefined {
    const given = readCertificateFiles(options, role, optionName)
    const wantsCertificate = options.insecure === true || options.serverName !== undefined
    return given ?? (wantsCertificate ? publicKeysFor({}, role, optionName) : undefined)
}

/** For example --rpk-pin for rpkPin. */
function optionName(name: string): string {
    return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
