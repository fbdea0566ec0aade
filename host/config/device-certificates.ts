/* Certificates and raw public keys of devices: files that devs.config.json names, and the settings that they become. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { GError } from "../../src/gio/errors.js"
import { TlsCertificate } from "../../src/gio/tls-certificate.js"
import { printable } from "../../src/platform/node/printable.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { type CertificateKinds } from "../build/certificate-sources.js"
import { UsageError } from "../credentials.js"
import { type Path } from "./schema.js"

/** As devs.config.json has it; paths are relative to it. */
export interface CertificatesConfig {
    /** private key of the device, P-256 */
    key: string
    /** its certificate, then those of its issuers; undefined: it presents its public key, bare */
    cert?: string
    /** authorities that certify servers */
    ca?: string[]
    /** SHA-256 of servers' raw public keys, hexadecimal */
    rpkPin?: string[]
    /** the pre-shared key of the credentials stays, and the server picks */
    psk?: boolean
}

/** Refuses a setting: FILE:LINE:COLUMN, its path, and what would be right. */
export type Refuse = (at: Path, wanted: string) => string

/** Certificates of a configuration, whose files are not read yet. */
export interface DeviceCertificates extends CertificateKinds {
    config: CertificatesConfig
    /** of a setting below `certificates` */
    refuse: Refuse
}

/** Certificates that a side presents, count, as in Node. */
const MOST_CERTIFICATES = 4

/** Longest name in an error, characters. */
const MOST_NAME = 100

/** Settings that have certificates: they are longer than others may be. */
export const CERTIFICATE_SETTING = /^(cert|ca)\d+$/

/** What kind of credentials it comes to. Throws UsageError where that does not go together. */
export function certificatesOf(config: CertificatesConfig, refuse: Refuse): DeviceCertificates {
    const { cert, ca, rpkPin, psk = false } = config
    const wrong = (name: string, wanted: string): UsageError => new UsageError(refuse(["certificates", name], wanted))
    if (ca === undefined && rpkPin === undefined)
        throw wrong("ca", "is missing: authorities that certify servers, or rpkPin, public keys of servers")
    return {
        own: cert === undefined ? "rawPublicKey" : "certificate",
        peers: ca === undefined ? "pin" : rpkPin === undefined ? "authority" : "either",
        hasPsk: psk,
        config,
        refuse: (at, wanted) => refuse(["certificates", ...at], wanted),
    }
}

/**
 * Reads the files: settings that a device has in place of a pre-shared key. The private key is in none of the errors.
 * @param folder of the configuration
 * Throws UsageError.
 */
export function certificateSettings({ config, refuse }: DeviceCertificates, folder: string): Record<string, string> {
    const { key, cert, ca = [], rpkPin = [] } = config
    const read = (at: Path, file: string): string => readText(resolve(folder, file), file, at, refuse)
    const privateKey = privateKeyOf(read(["key"], key), key, refuse)
    const own = cert === undefined ? [] : chainOf(read(["cert"], cert), cert, privateKey, refuse)
    const authorities = ca.flatMap((file, index) =>
        certificatesIn(read(["ca", index], file), file, ["ca", index], refuse),
    )
    return {
        key: scalarOf(privateKey),
        ...numbered(
            "cert",
            own.map(({ certificate }) => certificate.toString("hex")),
        ),
        ...numbered(
            "ca",
            authorities.map(({ certificate }) => certificate.toString("hex")),
        ),
        ...numbered(
            "rpkPin",
            rpkPin.map((pin) => pin.replaceAll(":", "").toLowerCase()),
        ),
    }
}

const numbered = (name: string, values: string[]): Record<string, string> =>
    Object.fromEntries(values.map((value, index) => [`${name}${index + 1}`, value]))

function readText(path: string, file: string, at: Path, refuse: Refuse): string {
    try {
        return readFileSync(path, "utf8")
    } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? "error"
        throw new UsageError(refuse(at, `cannot read ${file} (${code})`))
    }
}

function privateKeyOf(text: string, file: string, refuse: Refuse): KeyObject {
    const key = parsed(text)
    if (key?.asymmetricKeyDetails?.namedCurve === "prime256v1") return key
    throw new UsageError(refuse(["key"], `${file} is no private key of P-256 in PEM without encryption`))
}

/** What node:crypto says may repeat what it was given. */
function parsed(text: string): KeyObject | undefined {
    try {
        return createPrivateKey(text)
    } catch {
        return undefined
    }
}

/** The number itself, hexadecimal. */
function scalarOf(key: KeyObject): string {
    return Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url").toString("hex")
}

/** The device's certificate and those of its issuers, in the order in which they are sent. */
function chainOf(text: string, file: string, key: KeyObject, refuse: Refuse): TlsCertificate[] {
    const chain = certificatesIn(text, file, ["cert"], refuse)
    const publicKey = createPublicKey(key).export({ format: "der", type: "spki" })
    if (!chain[0].getPublicKey().equals(publicKey))
        throw new UsageError(refuse(["cert"], `the first certificate of ${file} does not belong to certificates.key`))
    if (chain.length > MOST_CERTIFICATES)
        throw new UsageError(refuse(["cert"], `${file} has ${chain.length} certificates, ${MOST_CERTIFICATES} at most`))
    return chain
}

/** One or more, each valid now. */
function certificatesIn(text: string, file: string, at: Path, refuse: Refuse): TlsCertificate[] {
    const list = listOf(text, file, at, refuse)
    if (list.length === 0) throw new UsageError(refuse(at, `${file} has no certificate in PEM`))
    for (const certificate of list) {
        const flaw = untimely(certificate)
        if (flaw !== undefined) throw new UsageError(refuse(at, `${file}: ${flaw}`))
    }
    return list
}

function listOf(text: string, file: string, at: Path, refuse: Refuse): TlsCertificate[] {
    try {
        return TlsCertificate.listNewFromPem(new NodeServices(), text)
    } catch (error) {
        if (error instanceof GError) throw new UsageError(refuse(at, `${file}: ${error.message}`))
        throw error
    }
}

/** "the certificate CN=sensor1 has expired on 2026-01-31"; undefined: it is valid now. */
function untimely(certificate: TlsCertificate): string | undefined {
    const [from, to] = [certificate.getNotValidBefore() ?? 0, certificate.getNotValidAfter() ?? 0]
    const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10)
    const name = printable(certificate.getSubjectName() ?? "without a name", MOST_NAME)
    const now = Date.now() / 1000
    if (now > to) return `the certificate ${name} has expired on ${day(to)}`
    return now < from ? `the certificate ${name} is not valid before ${day(from)}` : undefined
}
