import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/folders.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { CertificatePurpose, TlsCertificateFlags } from "../../../src/gio/enums.js"
import { checkCertificates } from "../../../src/platform/node/certificates.js"
import { certificate, type ChainCase, chainCases, VALID } from "../../certificates/cases.js"
import { GIO } from "../../interop/process.js"
import { missingProgram, needs } from "../../support/needs.js"
import { board, linux, linuxWithoutMemory, runInSimulator, runOn } from "./device-under-test.js"

const { NO_FLAGS: GOOD, UNKNOWN_CA, GENERIC_ERROR } = TlsCertificateFlags
const PROGRAM = "test/device/natives/certificates.ts"
/** ExtKeyUsage ids, by CertificatePurpose */
const PURPOSES = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]

/** A device has at most 64 settings: each case is one, and so is each of its certificates. */
const CASES_PER_RUN = 15

type Run = (settings: Record<string, string>) => Promise<string[]>

/** A device's verdicts, by name. @param run runs the program with settings; @returns its lines */
async function verdictsOf(run: Run): Promise<string[]> {
    const verdicts: string[] = []
    for (let at = 0; at < chainCases.length; at += CASES_PER_RUN) {
        const cases = chainCases.slice(at, at + CASES_PER_RUN)
        const lines = await run(settingsFor(cases))
        verdicts.push(...cases.map(({ name }, index) => `${name}: ${lines[index]?.replace(/^.*: /, "")}`))
    }
    return verdicts
}

const hex = (name: string): string => certificate(name).toString("hex")

/** The settings for these cases. */
function settingsFor(cases: ChainCase[]): Record<string, string> {
    const settings: Record<string, string> = {}
    cases.forEach(({ identity, purpose, when, chain, anchors }, index) => {
        settings[`case-${index}`] = [identity, purpose, when ?? "", chain.join(","), anchors.join(",")].join("|")
        for (const name of [...chain, ...anchors]) settings[name] = hex(name)
    })
    return settings
}

const expected = chainCases.map(({ name, flags }) => `${name}: ${flags}`)

describe("certificate chains", function () {
    this.timeout(180000)

    const folder = temporaryFolder("chains")

    after(() => rmSync(folder, { recursive: true }))

    /** A file with these certificates as PEM. */
    function pemFile(names: string[]): string {
        const file = join(folder, `${names.join("-")}.pem`)
        const pem = names.map((name) => {
            const lines =
                certificate(name)
                    .toString("base64")
                    .match(/.{1,64}/g) ?? []
            return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n")
        })
        writeFileSync(file, pem.join(""))
        return file
    }

    /** Whether OpenSSL, which has no notion of zones, accepts the chain. */
    function opensslVerifies({ identity: given, purpose, when, chain, anchors }: ChainCase): boolean {
        const identity = given.replace(/%.*/, "")
        const usage = purpose === CertificatePurpose.authenticateServer ? "sslserver" : "sslclient"
        const args = ["-no-CApath", "-no-CAstore", "-auth_level", "2", "-purpose", usage]
        if (anchors.length > 0) args.push("-CAfile", pemFile(anchors))
        if (chain.length > 1) args.push("-untrusted", pemFile(chain.slice(1)))
        if (identity !== "") args.push(/^[\d.]+$|:/.test(identity) ? "-verify_ip" : "-verify_hostname", identity)
        args.push(...(when === undefined ? ["-no_check_time"] : ["-attime", String(when)]))
        return spawnSync("openssl", ["verify", ...args, pemFile(chain.slice(0, 1))]).status === 0
    }

    it("get the same flags of TlsCertificateFlags in Node", () => {
        const judged = chainCases.map((one) => {
            const [chain, anchors] = [one.chain.map(certificate), one.anchors.map(certificate)]
            const flags = checkCertificates({ ...one, chain, anchors })
            return `${one.name}: ${flags}`
        })
        deepStrictEqual(judged, expected)
    })

    it("get the same flags in the simulator", async () => {
        deepStrictEqual(await verdictsOf((settings) => runInSimulator(PROGRAM, settings)), expected)
    })

    it("get the same flags on Linux", async function () {
        needs(this, linux.missing())
        const run: Run = async (settings) => (await runOn(linux, PROGRAM, settings)).split("\n")
        deepStrictEqual(await verdictsOf(run), expected)
    })

    it("get the same flags on the emulated board, except for keys and hashes that its library cannot read", async function () {
        needs(this, board.missing())
        const run: Run = async (settings) => (await runOn(board, PROGRAM, settings)).split("\n")
        const onBoard = chainCases.map(({ name, flags }) => {
            const unreadable = /RSA|P-384|SHA-1/.test(name)
            return `${name}: ${unreadable ? GENERIC_ERROR : flags}`
        })
        deepStrictEqual(await verdictsOf(run), onBoard)
    })

    it("are accepted where OpenSSL accepts them, except those that cost too much or are out of order", function () {
        needs(this, missingProgram("openssl"))
        // A chain that costs too much is none to a device, and name constraints are not known there.
        const known = chainCases.filter(({ gio }) => !["strength", "names", "sequence"].includes(gio?.[1] ?? ""))
        for (const one of known) strictEqual(opensslVerifies(one), one.flags === GOOD, one.name)
    })

    /** GIO's verdict is for the current time. */
    const isNow = ({ when }: ChainCase): boolean => when === VALID

    it("get the flags that GIO gives, or others for a reason", function () {
        needs(this, missingProgram(GIO))
        const asked = chainCases.filter(isNow)
        const lines = asked.map(({ identity, purpose, chain, anchors }) => {
            const files = chain.map((name) => pemFile([name]))
            const trusted = pemFile(anchors.length > 0 ? anchors : ["stranger"]) // GIO has no empty database
            return JSON.stringify({ chain: files, anchors: trusted, identity, purpose: PURPOSES[purpose] })
        })
        const script = join(root, "test/certificates/gio-verdicts.py")
        const { stdout } = spawnSync("/usr/bin/python3", [script], { input: lines.join("\n"), encoding: "utf8" })
        const verdicts = stdout.trimEnd().split("\n")
        deepStrictEqual(
            asked.map(({ name }, index) => `${name}: ${verdicts[index]}`),
            asked.map(({ name, flags, gio }) => `${name}: ${gio?.[0] ?? flags}`),
        )
    })

    it("are refused as arguments if they are not chains; what is not a certificate is a generic error, or ignored among others", async function () {
        needs(this, linux.missing())
        const settings = { none: "3000", half: hex("leaf").slice(0, 400), alone: hex("alone") }
        const cut = ["|0||none|alone", "|0||half|alone", "|0||alone|none,half,alone", "|0||alone,none|alone"]
        const flags = [GENERIC_ERROR, GENERIC_ERROR, GOOD, GOOD]
        const given = Object.fromEntries(cut.map((text, index) => [`case-${index}`, text]))
        const output = await runOn(linux, PROGRAM, { ...settings, ...given })
        const want = [
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
        ]
        deepStrictEqual(output.trimEnd().split("\n"), want)
        deepStrictEqual(await runInSimulator(PROGRAM, { ...settings, ...given }), want)
    })

    it("are a generic error, too, if memory was out for one that might have completed the chain", async function () {
        needs(this, linux.missing())
        const settings = { "case-0": "|0||alone|alone", alone: hex("alone") }
        const output = await runOn(linuxWithoutMemory, PROGRAM, settings)
        strictEqual(output.split("\n")[0], `case 0: ${UNKNOWN_CA | GENERIC_ERROR}`)
    })
})
