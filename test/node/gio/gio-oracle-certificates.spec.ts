import { ok, strictEqual } from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/folders.js"
import { TlsAuthenticationMode, TlsCertificateFlags, TlsProtocolVersion } from "../../../src/gio/enums.js"
import { type DtlsConnection } from "../../../src/gio/dtls-connection.js"
import { type TlsCertificate } from "../../../src/gio/tls-certificate.js"
import { type CertificateCase, certificateCases } from "../../oracle/certificate-cases.js"
import { type Answer, errorName, Pair, PLAIN, receive, send } from "../../oracle/pair.js"
import { type Recorded } from "../../oracle/replay.js"

const recording = JSON.parse(readFileSync(join(root, "test/oracle/gio-observed.json"), "utf8")) as {
    cases: { case: string; calls: Recorded[] }[]
}

function callsOf(name: string): Recorded[] {
    return recording.cases.find((entry) => entry.case === name)?.calls ?? []
}

/** The calls under one heading of a case. */
function section({ name, heading }: CertificateCase): Recorded[] {
    const calls = callsOf(name)
    const begin = calls.findIndex((call) => call.call === "---" && call.result === heading)
    ok(begin >= 0, `the recording has no ${name}: ${heading ?? ""}`)
    const rest = calls.slice(begin + 1)
    const end = rest.findIndex((call) => call.call === "---")
    return end < 0 ? rest : rest.slice(0, end)
}

/** Flags in GLib's notation: "unknown-ca|bad-identity". */
function flagsText(flags: number): string {
    const names = [TlsCertificateFlags.UNKNOWN_CA, 2, 4, 8, 16, 32, 64]
        .filter((flag) => (flags & flag) !== 0)
        .map((flag) => TlsCertificateFlags[flag].toLowerCase().replace("_", "-"))
    return names.length === 0 ? "none" : names.join("|")
}

/**
 * Properties in the recording's notation, C or JavaScript. "set" stands for what depends on the suites that both sides
 * prefer.
 */
function properties(connection: DtlsConnection, recorded: string): string {
    const version = connection.getProtocolVersion()
    const suite = connection.getCiphersuiteName() === undefined ? "null" : "set"
    const peer = connection.getPeerCertificate() === undefined ? "null" : "set"
    const errors = connection.getPeerCertificateErrors()
    if (recorded.startsWith("protocol_version="))
        return `protocol_version=${version} ciphersuite=${suite} negotiated_protocol=null peer_certificate=${peer} peer_certificate_errors=${errors} require_close_notify=${connection.getRequireCloseNotify()}`
    const name = TlsProtocolVersion[version]
    return `ciphersuite-name=${suite} protocol-version=G_TLS_PROTOCOL_VERSION_${name} peer-certificate=${peer} peer-certificate-errors=${flagsText(errors)} require-close-notify=${Number(connection.getRequireCloseNotify())} negotiated-protocol=null`
}

/** A recorded line of properties without those that are not compared; sessions are not resumed here. */
function comparable(recorded: string): string {
    return recorded.replace(/TLS_ECDHE\w+/, "set").replace(/ session-reused=\d/, "")
}

interface Outcome {
    client: Answer
    server: Answer
    /** "flags, handler's answer, peer-certificate inside the handler", for each call of a handler */
    asked: Record<string, string>
}

function listen(
    connection: DtlsConnection,
    side: string,
    answers: boolean | undefined,
    asked: Record<string, string>,
): void {
    if (answers === undefined) return
    connection.connect("accept-certificate", (_peer: TlsCertificate, errors) => {
        const inside = connection.getPeerCertificate() === undefined ? "null" : "set"
        asked[side] =
            `flags=${flagsText(errors)}, handler answers ${answers}, peer-certificate property inside the handler: ${inside}`
        return answers
    })
}

async function answered(handshake: Promise<boolean>): Promise<Answer> {
    try {
        return { result: String(await handshake) }
    } catch (error) {
        return { result: "false", error: errorName(error) }
    }
}

async function shakeHands(pair: Pair, what: CertificateCase): Promise<Outcome> {
    const asked: Record<string, string> = {}
    listen(pair.client, "client", what.clientAccepts, asked)
    listen(pair.server, "server", what.serverAccepts, asked)
    const [client, server] = await Promise.all([answered(pair.client.handshake()), answered(pair.server.handshake())])
    return { client, server, asked }
}

/** Compares one recorded line with the result here. @returns false if nothing here corresponds to it */
function compare(recorded: Recorded, pair: Pair, outcome: Outcome, what: CertificateCase): boolean {
    const match = /^(client|server)(\.handshake|::accept-certificate| accept-certificate| properties| getters)/.exec(
        recorded.call,
    )
    if (match === null) return false
    const side = match[1] as "client" | "server"
    if (match[2] === ".handshake") compareHandshake(recorded, outcome[side], what.differs?.[`${side}.handshake`])
    else if (match[2] === "::accept-certificate") strictEqual(outcome.asked[side], recorded.result, recorded.call)
    else if (match[2] === " accept-certificate") {
        const flags = /value=(\d+)/.exec(recorded.result)?.[1]
        ok(outcome.asked[side].startsWith(`flags=${flagsText(Number(flags))},`), recorded.call)
    } else strictEqual(properties(pair.side(side), recorded.result), comparable(recorded.result), recorded.call)
    return true
}

/** The C program's threads print 1 and 0; gjs throws, and prints Gio.TlsError.BAD_CERTIFICATE. */
function compareHandshake(
    recorded: Recorded,
    ours: Answer,
    differs: { result: string; error: string | undefined } | undefined,
): void {
    const expected = differs ?? recorded
    strictEqual(ours.result === "true", expected.result === "1" || expected.result === "true", recorded.call)
    const error = expected.error?.replace("Gio.TlsError.", "G_TLS_ERROR_")
    strictEqual(ours.error, error, recorded.call)
}

describe("certificates, compared with a real Gio.DtlsConnection", () => {
    for (const what of certificateCases) {
        const why = [...new Set(Object.values(what.differs ?? {}).map((entry) => entry.why))]
        const but = why.length === 0 ? "" : `; differs on purpose: ${why.join(", ")}`
        it(`${what.name}: ${what.heading ?? ""}${but}`, async () => {
            const pair = await Pair.make(undefined, what.certificates)
            try {
                const outcome = await shakeHands(pair, what)
                const calls = section(what)
                for (const recorded of calls) ok(compare(recorded, pair, outcome, what), recorded.call)
                const asked = calls.filter((call) => call.call.includes("accept-certificate")).length
                strictEqual(Object.keys(outcome.asked).length, asked, "handlers asked")
            } finally {
                await pair.close()
            }
        })
    }

    it("has a row here for every heading of a certificate case in the recording", () => {
        const names = [...new Set(certificateCases.map((what) => what.name))]
        for (const name of names)
            for (const call of callsOf(name).filter((entry) => entry.call === "---"))
                ok(
                    certificateCases.some((what) => what.name === name && what.heading === call.result),
                    `${name}: ${call.result}`,
                )
    })

    for (const name of ["properties", "js-handshake"])
        it(`${name}: properties before and after a handshake, and after the close`, async () => {
            const pair = await Pair.make(undefined, PLAIN)
            try {
                for (const recorded of callsOf(name)) {
                    const side = /^(client|server) .*(before|after)/.exec(recorded.call)
                    if (recorded.call.includes("after") && !pair.client.getProtocolVersion()) await pair.handshake()
                    if (recorded.call === "client.shutdown(read=true, write=true)")
                        await pair.client.shutdown(true, true)
                    if (side === null || !/protocol.version=/.test(recorded.result)) continue
                    const ours = properties(pair.side(side[1]), recorded.result)
                    strictEqual(ours, comparable(recorded.result), recorded.call)
                }
                const own = pair.server.getCertificate()
                ok(own !== undefined && pair.client.getPeerCertificate()?.isSame(own))
            } finally {
                await pair.close()
            }
        })

    it("rejected-then: calls after a refused server get the same error; the other side: alertSent", async () => {
        const pair = await Pair.make(undefined, { ...PLAIN, server: "self" })
        try {
            await Promise.allSettled([pair.client.handshake(), pair.server.handshake()])
            const refused = "G_TLS_ERROR_BAD_CERTIFICATE"
            strictEqual((await answered(pair.client.handshake())).error, refused)
            strictEqual((await receive(pair.client, 1, [16], 0, 0)).error, refused)
            strictEqual((await send(pair.client, [[Buffer.from("x")]], 0, 0)).error, refused)
            strictEqual((await answered(pair.server.handshake())).error, "G_TLS_ERROR_HANDSHAKE")
            strictEqual(await pair.client.shutdown(true, true), true)
            strictEqual(await pair.server.shutdown(true, true), true)
        } finally {
            await pair.close()
        }
    })

    it("auth-required-post: a client without a certificate learns that the server required one: alertSent", async () => {
        const pair = await Pair.make(undefined, { ...PLAIN, mode: TlsAuthenticationMode.REQUIRED })
        try {
            const [server, client] = await Promise.all([
                answered(pair.server.handshake()),
                receive(pair.client, 1, [16], 0, 9000000),
            ])
            strictEqual(server.error, "G_TLS_ERROR_CERTIFICATE_REQUIRED")
            strictEqual(client.error, "G_TLS_ERROR_HANDSHAKE")
        } finally {
            await pair.close()
        }
    })
})
