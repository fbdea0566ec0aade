import {
    createHash,
    createPrivateKey,
    createPublicKey,
    generateKeyPairSync,
    type KeyObject,
    X509Certificate,
} from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { readCertificate } from "../../src/dtls/wire/x509.js"
import { UsageError } from "../credentials.js"
import { type Issuer } from "./certificate-writer.js"

/** A P-256 key pair. */
export interface KeyPair {
    publicKey: KeyObject
    privateKey: KeyObject
}

export function newKeyPair(): KeyPair {
    return generateKeyPairSync("ec", { namedCurve: "P-256" })
}

/** SHA-256 of SubjectPublicKeyInfo: what --rpk-pin takes. */
export function pinOf(publicKey: KeyObject): string {
    return createHash("sha256")
        .update(publicKey.export({ format: "der", type: "spki" }))
        .digest("hex")
}

/** Files to be written into one folder: all of them, or none when one is there already. */
export class KeyFiles {
    private files: { name: string; text: string; mode: number }[] = []

    constructor(private folder: string) {}

    /** For everyone to read. */
    add(name: string, text: string): void {
        this.files.push({ name, text, mode: 0o644 })
    }

    /** For its owner alone. */
    addSecret(name: string, text: string): void {
        this.files.push({ name, text, mode: 0o600 })
    }

    addKeyPair(name: string, { publicKey, privateKey }: KeyPair): void {
        this.addSecret(`${name}.key`, privateKey.export({ format: "pem", type: "pkcs8" }) as string)
        this.add(`${name}.pub`, publicKey.export({ format: "pem", type: "spki" }) as string)
    }

    /** @returns the paths */
    write(): string[] {
        const path = (name: string): string => join(this.folder, name)
        const taken = this.files.find(({ name }) => existsSync(path(name)))
        if (taken !== undefined)
            throw new UsageError(`${path(taken.name)} is there already; nothing was written. Take another --out folder`)
        mkdirSync(this.folder, { recursive: true })
        // wx: a file, or a link, that has come since is not written through.
        for (const { name, text, mode } of this.files) writeFileSync(path(name), text, { mode, flag: "wx" })
        return this.files.map(({ name }) => path(name))
    }
}

function read(option: string, path: string): Buffer {
    try {
        return readFileSync(path)
    } catch (error) {
        throw new UsageError(`${option}: cannot read ${path} (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
}

/** An authority from its files. */
export function readIssuer(certificateFile: string, keyFile: string): Issuer {
    const certificate = parsed(
        `--ca: ${certificateFile} is no certificate in PEM`,
        () => new X509Certificate(read("--ca", certificateFile)),
    )
    const privateKey = parsed(`--ca-key: ${keyFile} is no private key in PEM without encryption`, () =>
        createPrivateKey(read("--ca-key", keyFile)),
    )
    if (!certificate.ca) throw new UsageError(`--ca: ${certificateFile} is not an authority's (basicConstraints)`)
    if (!certificate.checkPrivateKey(privateKey)) throw new UsageError("--ca-key: the key does not belong to --ca")
    if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1")
        throw new UsageError("--ca-key: authorities with keys of P-256 sign here; for others use openssl")
    const fields = readCertificate(certificate.raw)
    if (fields === undefined) throw new UsageError(`--ca: ${certificateFile} is malformed`)
    return { name: fields.subject, publicKey: createPublicKey(privateKey), privateKey }
}

function parsed<T>(sentence: string, parse: () => T): T {
    try {
        return parse()
    } catch (error) {
        if (error instanceof UsageError) throw error
        // What node:crypto says may repeat what it was given.
        throw new UsageError(sentence)
    }
}
