import { type Command, Option } from "commander"
import { randomBytes } from "node:crypto"
import { UsageError } from "../credentials.js"
import {
    certificatePem,
    type CertificateUse,
    type Issuer,
    nameOf,
    writeCertificate,
} from "../keygen/certificate-writer.js"
import { checkDistinct, type Member, memberOf, readFleet } from "../keygen/fleet.js"
import { KeyFiles, type KeyPair, newKeyPair, pinOf, readIssuer } from "../keygen/key-files.js"
import { exiting } from "./exit-code.js"
import { printLine } from "./output.js"
import { choice, repeated, whole } from "./parsers.js"

const KINDS = {
    psk: "16 random bytes for each NAME, as lines of NAME:HEXKEY: NAME.psk, and psk.txt with all of them for the server",
    key: "a key pair, for raw public keys: NAME.key, NAME.pub, and pins.csv with the SHA-256 that --rpk-pin takes",
    ca: "an authority: NAME.key and its self-signed NAME.pem",
    cert: "a certificate of --ca, or without it a self-signed one: NAME.key, NAME.pem",
}

type Kind = keyof typeof KINDS

const description =
    "Makes keys and certificates for one device or a fleet. Keys are P-256. Files with secrets are readable by their owner only, and " +
    "existing files are not overwritten.\n\nKinds:\n" +
    Object.entries(KINDS)
        .map(([kind, what]) => `  ${kind.padEnd(5)} ${what}`)
        .join("\n")

const examples = `  mote keygen ca fleet-ca --out authority
  mote keygen cert gateway --use server --host gateway.example --ca authority/fleet-ca.pem --ca-key authority/fleet-ca.key
  mote keygen cert --fleet devices.csv --use client --ca authority/fleet-ca.pem --ca-key authority/fleet-ca.key --out devices`

interface KeygenOptions {
    fleet?: string
    out: string
    host?: string[]
    ca?: string
    caKey?: string
    use: Exclude<CertificateUse, "authority">
    days: number
}

export function addKeygenCommand(program: Command): void {
    program
        .command("keygen")
        .summary("make pre-shared keys, key pairs and certificates")
        .description(description)
        .argument("<KIND>", Object.keys(KINDS).join(", "))
        .argument("[NAME...]", "names of devices, used as common names, identities and file names")
        .option("--fleet <FILE>", "CSV file with a line for each device: its name, then host names for its certificate")
        .option("--out <FOLDER>", "folder for the files", ".")
        .option("--host <NAME>", "host name or IP address for the certificate; repeatable", repeated)
        .option("--ca <FILE>", "certificate of the authority that signs")
        .option("--ca-key <FILE>", "private key of that authority")
        .addOption(choice("--use <ROLE>", "what a certificate is for", ["client", "server", "both"]).default("both"))
        .addOption(
            new Option("--days <DAYS>", "how long a certificate is valid")
                .argParser(whole("--days", 1, 36500))
                .default(3650),
        )
        .helpOption("-h, --help", "show this help")
        .addHelpText("after", `\nExamples\n${examples}`)
        .action(exiting(keygenCommand))
}

function keygenCommand(given: string, names: string[], options: KeygenOptions): Promise<number> {
    if (!(given in KINDS)) throw new UsageError(`the kind is one of ${Object.keys(KINDS).join(", ")}`)
    const kind = given as Kind
    const members = membersOf(names, options)
    if (members.length === 0) throw new UsageError("a name is needed, or --fleet FILE")
    checkDistinct(members)
    const files = new KeyFiles(options.out)
    if (kind === "psk") addPsks(files, members)
    else if (kind === "key") addKeys(files, members)
    else addCertificates(files, members, kind, options)
    for (const path of files.write()) printLine(path)
    return Promise.resolve(0)
}

function membersOf(names: string[], { fleet, host = [] }: KeygenOptions): Member[] {
    const named = names.map((name) => memberOf(name, host, "the name or --host"))
    return fleet === undefined ? named : [...named, ...readFleet(fleet)]
}

function addPsks(files: KeyFiles, members: Member[]): void {
    const lines = members.map(({ name }) => `${name}:${randomBytes(16).toString("hex")}\n`)
    for (const [index, { name }] of members.entries()) files.addSecret(`${name}.psk`, lines[index])
    files.addSecret("psk.txt", lines.join(""))
}

function addKeys(files: KeyFiles, members: Member[]): void {
    const pins = members.map(({ name }) => {
        const pair = newKeyPair()
        files.addKeyPair(name, pair)
        return `${name},${pinOf(pair.publicKey)}\n`
    })
    files.add("pins.csv", `name,sha256\n${pins.join("")}`)
}

function addCertificates(files: KeyFiles, members: Member[], kind: "ca" | "cert", options: KeygenOptions): void {
    const issuer = issuerOf(options)
    const use = kind === "ca" ? "authority" : options.use
    // An hour ago, because clocks differ: a device that is a little behind still accepts it.
    const notBefore = new Date(Date.now() - 3600000)
    const notAfter = new Date(Date.now() + options.days * 86400000)
    for (const { name, names } of members) {
        const pair = newKeyPair()
        const request = { name, names, use, publicKey: pair.publicKey, notBefore, notAfter } as const
        files.addSecret(`${name}.key`, pair.privateKey.export({ format: "pem", type: "pkcs8" }) as string)
        files.add(`${name}.pem`, certificatePem(writeCertificate(request, issuer ?? selfOf(name, pair))))
    }
}

function issuerOf({ ca, caKey }: KeygenOptions): Issuer | undefined {
    if (ca === undefined && caKey === undefined) return undefined
    if (ca === undefined || caKey === undefined) throw new UsageError("--ca and --ca-key go together")
    return readIssuer(ca, caKey)
}

function selfOf(name: string, { publicKey, privateKey }: KeyPair): Issuer {
    return { name: nameOf(name), publicKey, privateKey }
}
