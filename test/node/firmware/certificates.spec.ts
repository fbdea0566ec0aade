import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { missingProgram, needs } from "../../support/needs.js"
import { board, linux, runInSimulator, runOn } from "./device-under-test.js"

/** GIO's TlsCertificateFlags. */
const [GOOD, UNKNOWN_CA, BAD_IDENTITY, NOT_ACTIVATED, EXPIRED, INSECURE, GENERIC_ERROR] = [0, 1, 2, 4, 8, 32, 64]

const SAN = "subjectAltName=DNS:sensor.example,DNS:*.wild.example,IP:192.0.2.7,IP:2001:db8::7"
const SIGNS = "keyUsage=critical,digitalSignature"
const SERVER = "extendedKeyUsage=serverAuth"
const CA = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"]

interface Options {
    hash: string
    key: string
    subject: string
}

/** Certificates that OpenSSL makes. */
class Makers {
    readonly folder = mkdtempSync(join(tmpdir(), "mote-certificates-"))
    private serial = 1

    private openssl(...args: string[]): void {
        execFileSync("openssl", args, { cwd: this.folder, stdio: "pipe" })
    }

    /** Valid for ten years from now. @param issuer undefined: itself */
    make(name: string, issuer: string | undefined, extensions: string[], options: Partial<Options> = {}): void {
        const { hash = "-sha256", key = "EC", subject = name } = options
        const newKey = key === "EC" ? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["-newkey", key]
        const request = ["-nodes", "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${subject}.example`]
        this.openssl("req", "-new", ...newKey, ...request)
        writeFileSync(join(this.folder, `${name}.ext`), extensions.join("\n"))
        const signer =
            issuer === undefined ? ["-signkey", `${name}.key`] : ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`]
        const result = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-days", "3650", "-extfile", `${name}.ext`]
        this.openssl("x509", "-req", ...result, ...signer, "-set_serial", String(this.serial++), hash)
        this.openssl("x509", "-in", `${name}.pem`, "-outform", "DER", "-out", `${name}.der`)
    }

    hex(name: string): string {
        return readFileSync(join(this.folder, `${name}.der`)).toString("hex")
    }

    /** Whether OpenSSL believes the chain. */
    verifies({ identity, purpose, when, chain, anchors }: Case): boolean {
        const pem = (names: string[]): string =>
            names.map((name) => readFileSync(join(this.folder, `${name}.pem`), "utf8")).join("")
        writeFileSync(join(this.folder, "anchors.pem"), pem(anchors))
        writeFileSync(join(this.folder, "others.pem"), pem(chain.slice(1)))
        const args = [
            "-no-CApath",
            "-no-CAstore",
            "-auth_level",
            "2",
            "-purpose",
            purpose === 0 ? "sslserver" : "sslclient",
        ]
        if (anchors.length > 0) args.push("-CAfile", "anchors.pem")
        if (chain.length > 1) args.push("-untrusted", "others.pem")
        if (identity !== "") args.push(/^[\d.]+$|:/.test(identity) ? "-verify_ip" : "-verify_hostname", identity)
        args.push(...(when === undefined ? ["-no_check_time"] : ["-attime", String(when)]))
        return spawnSync("openssl", ["verify", ...args, `${chain[0]}.pem`], { cwd: this.folder }).status === 0
    }
}

interface Case {
    name: string
    identity: string
    purpose: 0 | 1
    when: number | undefined
    chain: string[]
    anchors: string[]
    flags: number
}

const now = Math.floor(Date.now() / 1000)
const YEAR = 31557600

function of(name: string, flags: number, changes: Partial<Case> = {}): Case {
    const chain = ["leaf", "middle"]
    return { name, identity: "sensor.example", purpose: 0, when: now + YEAR, chain, anchors: ["root"], flags, ...changes }
}

const cases: Case[] = [
    of("a chain of three", GOOD),
    of("the root sent, too", GOOD, { chain: ["leaf", "middle", "root"] }),
    of("another root among the anchors", GOOD, { anchors: ["stranger", "root"] }),
    of("no identity asked for", GOOD, { identity: "" }),
    of("in capitals", GOOD, { identity: "SENSOR.Example" }),
    of("by a wildcard", GOOD, { identity: "a.wild.example" }),
    of("by an IPv4 address", GOOD, { identity: "192.0.2.7" }),
    of("by an IPv6 address", GOOD, { identity: "2001:DB8:0:0::7" }),
    of("another name", BAD_IDENTITY, { identity: "other.example" }),
    of("the common name alone", BAD_IDENTITY, { identity: "leaf.example" }),
    of("the end of a name", BAD_IDENTITY, { identity: "xsensor.example" }),
    of("two labels for a wildcard", BAD_IDENTITY, { identity: "a.b.wild.example" }),
    of("no label for a wildcard", BAD_IDENTITY, { identity: "wild.example" }),
    of("another address", BAD_IDENTITY, { identity: "192.0.2.8" }),
    of("another IPv6 address", BAD_IDENTITY, { identity: "2001:db8::8" }),
    of("a stranger's root", UNKNOWN_CA, { anchors: ["stranger"] }),
    of("no anchors", UNKNOWN_CA, { anchors: [] }),
    of("the middle one missing", UNKNOWN_CA, { chain: ["leaf"] }),
    of("an issuer that is no authority", UNKNOWN_CA, { chain: ["minor", "leaf", "middle"] }),
    of("signed by a namesake of the root", UNKNOWN_CA, { chain: ["forged", "namesake"] }),
    of("before its time", NOT_ACTIVATED, { when: now - YEAR }),
    of("after its time", EXPIRED, { when: now + 11 * YEAR }),
    of("at a time unknown", GOOD, { when: undefined }),
    of("expired and someone else's", EXPIRED | BAD_IDENTITY, { when: now + 11 * YEAR, identity: "other.example" }),
    of("a client's as a server's", GENERIC_ERROR, { chain: ["client", "middle"] }),
    of("a client's as a client's", GOOD, { chain: ["client", "middle"], purpose: 1 }),
    of("a server's as a client's", GENERIC_ERROR, { purpose: 1 }),
    of("not allowed to sign", GENERIC_ERROR, { chain: ["mute", "middle"] }),
    of("SHA-1", INSECURE, { chain: ["sha1", "middle"] }),
    of("RSA with 1024 bits", INSECURE, { chain: ["short", "middle"] }),
    of("itself an anchor", GOOD, { chain: ["alone"], anchors: ["alone"] }),
]

describe("certificate chains", function () {
    this.timeout(120000)

    let makers: Makers

    before(function () {
        needs(this, missingProgram("openssl"))
        makers = new Makers()
        makers.make("root", undefined, CA)
        makers.make("namesake", undefined, CA, { subject: "root" })
        makers.make("stranger", undefined, CA)
        makers.make("middle", "root", CA)
        makers.make("leaf", "middle", [SAN, SIGNS, SERVER])
        makers.make("minor", "leaf", [SAN, SIGNS, SERVER])
        makers.make("forged", "namesake", [SAN, SIGNS, SERVER])
        makers.make("client", "middle", [SAN, SIGNS, "extendedKeyUsage=clientAuth"])
        makers.make("mute", "middle", [SAN, "keyUsage=critical,cRLSign", SERVER])
        makers.make("sha1", "middle", [SAN, SIGNS, SERVER], { hash: "-sha1" })
        makers.make("short", "middle", [SAN, SIGNS, SERVER], { key: "rsa:1024" })
        makers.make("alone", undefined, [SAN, SIGNS, SERVER])
    })

    after(() => {
        if (makers !== undefined) rmSync(makers.folder, { recursive: true })
    })

    it("are judged on Linux in GIO's flags, and believed when OpenSSL believes them", async function () {
        needs(this, linux.missing())
        const settings: Record<string, string> = {}
        cases.forEach(({ identity, purpose, when, chain, anchors }, index) => {
            settings[`case-${index}`] = [identity, purpose, when ?? "", chain.join(","), anchors.join(",")].join("|")
            for (const name of [...chain, ...anchors]) settings[name] = makers.hex(name)
        })
        const lines = (await runOn(linux, "test/device/natives/certificates.ts", settings)).trimEnd().split("\n")
        const judged = cases.map(({ name }, index) => `${name}: ${lines[index].replace(/^.*: /, "")}`)
        deepStrictEqual(
            judged,
            cases.map(({ name, flags }) => `${name}: ${flags}`),
        )
        for (const one of cases) strictEqual(makers.verifies(one), one.flags === GOOD, one.name)
    })

    it("are refused as arguments when they are no chains; what is no certificate is a generic error", async function () {
        needs(this, linux.missing())
        const settings = { none: "3000", half: makers.hex("leaf").slice(0, 400), root: makers.hex("root") }
        const cut = ["|0||none|root", "|0||half|root", "|0||root|none"]
        const given = Object.fromEntries(cut.map((text, index) => [`case-${index}`, text]))
        const output = await runOn(linux, "test/device/natives/certificates.ts", { ...settings, ...given })
        deepStrictEqual(output.trimEnd().split("\n"), [
            ...cut.map((_, index) => `case ${index}: ${GENERIC_ERROR}`),
            "no array: TypeError _moteCertificateCheck: chain must be an array",
            "no Buffers: TypeError _moteCertificateCheck: chain must be an array of Buffers",
            "no chain: RangeError _moteCertificateCheck: chain must be 1 to 16 certificates",
            "too many: RangeError _moteCertificateCheck: anchors must be at most 16 certificates",
            "too long: RangeError _moteCertificateCheck: chain must be at most 32768 bytes together",
            "no text: TypeError _moteCertificateCheck: identity must be a string",
            "purpose: RangeError _moteCertificateCheck: purpose must be 0 to 1",
            "when: RangeError _moteCertificateCheck: when must be Unix seconds, from 0 to the year 9999",
            "when it is no number: TypeError _moteCertificateCheck: when must be a number",
        ])
    })

    it("are not checked where there is no X.509, and the program is told", async function () {
        needs(this, board.missing())
        const refusal = "case 0: Error this device checks no certificates"
        const settings = { "case-0": "|0||none|", none: "3000" }
        const program = "test/device/natives/certificates.ts"
        strictEqual((await runInSimulator(program, settings))[0], refusal)
        strictEqual((await runOn(board, program, settings)).split("\n")[0], refusal)
    })
})
