import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../../../host/temporary.js"
import { missingProgram, needs } from "../../support/needs.js"
import { board, linux, linuxWithoutMemory, runInSimulator, runOn } from "./device-under-test.js"

/** GIO's TlsCertificateFlags. */
const [GOOD, UNKNOWN_CA, BAD_IDENTITY, NOT_ACTIVATED, EXPIRED, INSECURE, GENERIC_ERROR] = [0, 1, 2, 4, 8, 32, 64]

const SAN = "subjectAltName=DNS:sensor.example,DNS:*.wild.example,IP:192.0.2.7,IP:2001:db8::7"
const SIGNS = "keyUsage=critical,digitalSignature"
const SERVER = "extendedKeyUsage=serverAuth"
const CA = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"]

interface Options {
    hash: string
    /** algorithm, then options for its keys */
    key: [string, ...string[]]
    /** whose key it has, too */
    keyOf: string
    subject: string
    years: number
}

/** Certificates that OpenSSL makes. */
class Makers {
    readonly folder = temporaryFolder("certificates")
    private serial = 1

    private openssl(...args: string[]): void {
        execFileSync("openssl", args, { cwd: this.folder, stdio: "pipe" })
    }

    /** Valid from now on. @param issuer undefined: itself */
    make(name: string, issuer: string | undefined, extensions: string[], options: Partial<Options> = {}): void {
        const { hash = "-sha256", key = ["ec", "ec_paramgen_curve:P-256"], subject = name, years = 10 } = options
        const [algorithm, ...more] = key
        const newKey = [
            "-newkey",
            algorithm,
            ...more.flatMap((option) => ["-pkeyopt", option]),
            "-keyout",
            `${name}.key`,
        ]
        if (options.keyOf !== undefined)
            copyFileSync(join(this.folder, `${options.keyOf}.key`), join(this.folder, `${name}.key`))
        const keys = options.keyOf === undefined ? newKey : ["-key", `${name}.key`]
        this.openssl("req", "-new", "-nodes", ...keys, "-out", `${name}.csr`, "-subj", `/CN=${subject}.example`)
        writeFileSync(join(this.folder, `${name}.ext`), extensions.join("\n"))
        const signer =
            issuer === undefined ? ["-signkey", `${name}.key`] : ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`]
        const result = [
            "-in",
            `${name}.csr`,
            "-out",
            `${name}.pem`,
            "-days",
            String(365 * years),
            "-extfile",
            `${name}.ext`,
        ]
        this.openssl("x509", "-req", ...result, ...signer, "-set_serial", String(this.serial++), hash)
        this.openssl("x509", "-in", `${name}.pem`, "-outform", "DER", "-out", `${name}.der`)
    }

    hex(name: string): string {
        return readFileSync(join(this.folder, `${name}.der`)).toString("hex")
    }

    /** Whether OpenSSL, which knows no zones, believes the chain. */
    verifies({ identity: given, purpose, when, chain, anchors }: Case): boolean {
        const identity = given.replace(/%.*/, "")
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
    return {
        name,
        identity: "sensor.example",
        purpose: 0,
        when: now + YEAR,
        chain,
        anchors: ["root"],
        flags,
        ...changes,
    }
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
    of("RSA with 4104 bits", UNKNOWN_CA, { chain: ["heavy", "giant"] }),
    of("RSA with an exponent as long as the modulus", UNKNOWN_CA, { chain: ["costly", "slow"] }),
    of("a renewed root behind the old one", GOOD, { when: now + 11 * YEAR, chain: ["young"], anchors: ["old", "new"] }),
    of("a renewed root before the old one", GOOD, { when: now + 11 * YEAR, chain: ["young"], anchors: ["new", "old"] }),
    of("an address with a dot behind it", BAD_IDENTITY, { identity: "192.0.2.8." }),
    of("an address with its zone", GOOD, { identity: "2001:db8::7%1" }),
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
        makers.make("short", "middle", [SAN, SIGNS, SERVER], { key: ["rsa:1024"] })
        makers.make("giant", "root", CA, { key: ["rsa:4104"] })
        makers.make("heavy", "giant", [SAN, SIGNS, SERVER])
        makers.make("slow", "root", CA, { key: ["rsa:2048", `rsa_keygen_pubexp:${2n ** 256n - 189n}`] })
        makers.make("costly", "slow", [SAN, SIGNS, SERVER])
        makers.make("old", undefined, CA, { subject: "ring" })
        makers.make("new", undefined, CA, { subject: "ring", keyOf: "old", years: 30 })
        makers.make("young", "new", [SAN, SIGNS, SERVER], { years: 25 })
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
        // A chain that costs too much is none to a device; OpenSSL has the time.
        for (const one of cases.filter(({ name }) => !name.startsWith("RSA with an") && !name.startsWith("RSA with 4")))
            strictEqual(makers.verifies(one), one.flags === GOOD, one.name)
    })

    it("are refused as arguments when they are no chains; what is no certificate is a generic error, or not looked at among the others", async function () {
        needs(this, linux.missing())
        const settings = { none: "3000", half: makers.hex("leaf").slice(0, 400), alone: makers.hex("alone") }
        const cut = ["|0||none|alone", "|0||half|alone", "|0||alone|none,half,alone", "|0||alone,none|alone"]
        const flags = [GENERIC_ERROR, GENERIC_ERROR, GOOD, GOOD]
        const given = Object.fromEntries(cut.map((text, index) => [`case-${index}`, text]))
        const output = await runOn(linux, "test/device/natives/certificates.ts", { ...settings, ...given })
        deepStrictEqual(output.trimEnd().split("\n"), [
            ...flags.map((flag, index) => `case ${index}: ${flag}`),
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

    it("are a generic error, too, when memory was out for one that might have made the chain", async function () {
        needs(this, linux.missing())
        const settings = { "case-0": "|0||alone|alone", alone: makers.hex("alone") }
        const output = await runOn(linuxWithoutMemory, "test/device/natives/certificates.ts", settings)
        strictEqual(output.split("\n")[0], `case 0: ${UNKNOWN_CA | GENERIC_ERROR}`)
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
