import { execFileSync } from "node:child_process"
import { copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../../host/temporary.js"

interface Options {
    hash: string
    /** algorithm, then its key options */
    key: [string, ...string[]]
    /** certificate whose key is used */
    keyOf: string
    subject: string
    /** start and end, YYYYMMDDHHMMSSZ; default VALID */
    between: [string, string]
}

/** Default validity period. */
const VALID: [string, string] = ["20250101000000Z", "20350101000000Z"]

/** Makes certificates with OpenSSL in a folder of its own. */
export class CertificateMaker {
    readonly folder = temporaryFolder("certificates")
    private serial = 1

    constructor() {
        const lines = ["[ca]", "default_ca = any", "[any]", "database = index", "serial = serial", "new_certs_dir = ."]
        writeFileSync(
            join(this.folder, "ca.cnf"),
            [...lines, "policy = free", "[free]", "commonName = supplied"].join("\n"),
        )
        writeFileSync(join(this.folder, "index"), "")
        writeFileSync(join(this.folder, "index.attr"), "unique_subject = no")
    }

    private openssl(...args: string[]): void {
        execFileSync("openssl", args, { cwd: this.folder, stdio: "pipe" })
    }

    /** @param issuer undefined: self-signed */
    make(name: string, issuer: string | undefined, extensions: string[], options: Partial<Options> = {}): void {
        const { hash = "-sha256", key = ["ec", "ec_paramgen_curve:P-256"], subject = name } = options
        const [algorithm, ...more] = key
        const keyOptions = more.flatMap((option) => ["-pkeyopt", option])
        const newKey = ["-newkey", algorithm, ...keyOptions, "-keyout", `${name}.key`]
        if (options.keyOf !== undefined)
            copyFileSync(join(this.folder, `${options.keyOf}.key`), join(this.folder, `${name}.key`))
        const keys = options.keyOf === undefined ? newKey : ["-key", `${name}.key`]
        this.openssl("req", "-new", "-nodes", ...keys, "-out", `${name}.csr`, "-subj", `/CN=${subject}.example`)
        writeFileSync(join(this.folder, `${name}.ext`), extensions.join("\n"))
        this.sign(name, issuer, hash, options.between ?? VALID)
        this.openssl("x509", "-in", `${name}.pem`, "-outform", "DER", "-out", `${name}.der`)
    }

    private sign(name: string, issuer: string | undefined, hash: string, between: [string, string]): void {
        const files = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-extfile", `${name}.ext`]
        const [start, end] = between
        writeFileSync(join(this.folder, "serial"), String(this.serial++).padStart(4, "0"))
        const by =
            issuer === undefined
                ? ["-selfsign", "-keyfile", `${name}.key`]
                : ["-cert", `${issuer}.pem`, "-keyfile", `${issuer}.key`]
        const times = ["-startdate", start, "-enddate", end]
        this.openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-md", hash.slice(1), ...times, ...by, ...files)
    }

    /** Makes a modified copy of a certificate. */
    change(name: string, from: string, change: (der: Buffer) => Buffer): void {
        writeFileSync(join(this.folder, `${name}.der`), change(this.der(from)))
    }

    private der(name: string): Buffer {
        return readFileSync(join(this.folder, `${name}.der`))
    }
}
