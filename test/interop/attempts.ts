import { setTimeout } from "node:timers/promises"
import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { EcdhePskKeyExchange } from "../../src/dtls/key-exchange/ecdhe-psk.js"
import {
    TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256,
    TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
} from "../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { TLS_AES_128_GCM_SHA256 } from "../../src/dtls/handshake/v13/suites.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../src/dtls/key-exchange/suites.js"
import { type DtlsSocket } from "../../src/platform/node/connect/dtls-socket.js"
import { type CommonOptions, type ConnectOptions, type ListenOptions } from "../../src/platform/node/connect/options.js"
import { NodeKeys } from "../../src/platform/node/keys.js"
import { Nat } from "../support/nat.js"
import { certified, rawKeyed } from "./certificate-cells.js"
import { type Cell, type Feature, features, IDENTITY, KEY } from "./cell.js"
import { greet, liveCell, type Path, type Trial } from "./live.js"
import { theParties } from "./parties.js"
import { buildNeeds, type BuiltPeer, builtVersions, peerProgram } from "./peers/build.js"
import { type Running } from "./process.js"
import { resumedByPeer, resumedByUs } from "./resumed.js"

/* Attempts with libraries in DTLS 1.2, each in both roles; our programs around the libraries have the same options. */

type Options = ConnectOptions | ListenOptions

/** An attempt in both roles of a peer. */
interface Attempt<P extends Path = Path> {
    peer: BuiltPeer
    suite: string
    what: string
    features: Feature[]
    /** options for the peer's program, in addition to role, port and suite */
    options: (role: Role) => string[]
    /** options for `connect` or `listen`, by the peer's role */
    ours: (role: Role) => Options
    /** default: both */
    roles?: Role[]
    path?: Trial<P>["path"]
    then?: (role: Role) => Trial<P>["then"]
}

type Role = Cell["role"]

const ROLES: Role[] = ["server", "client"]
const HANDSHAKE = "handshake, data both ways"
const PSK = ["--identity", IDENTITY, "--key", KEY]

function command<P extends Path>(attempt: Attempt<P>, role: Role, program: string, port: number): string[] {
    return [program, role, "--port", `${port}`, "--suite", attempt.suite, ...attempt.options(role)]
}

function trialOf<P extends Path>(attempt: Attempt<P>, role: Role): Trial<P> {
    const { peer, suite, what, features: tried, path } = attempt
    return {
        ...{ peer, version: builtVersions[peer], needs: buildNeeds[peer], role, suite, what, features: tried },
        shown: (port) => command(attempt, role, peer, port),
        command: (port) => {
            theParties().make()
            return command(attempt, role, peerProgram(peer), port)
        },
        ours: () => attempt.ours(role),
        path,
        then: attempt.then?.(role),
    }
}

function both<P extends Path>(attempt: Attempt<P>): Cell[] {
    return (attempt.roles ?? ROLES).map((role) => liveCell(trialOf(attempt, role)))
}

function keyed(suite: CipherSuite): CommonOptions & Pick<ListenOptions & ConnectOptions, "psk"> {
    return { psk: { identity: IDENTITY, key: Buffer.from(KEY, "hex") }, suites: [suite] }
}

/** The common part of attempts with only a pre-shared key. */
function withKey(
    peer: BuiltPeer,
    more: string[],
): Pick<Attempt, "peer" | "suite" | "options"> & { ours: () => ReturnType<typeof keyed> } {
    const suite = TLS_PSK_WITH_AES_128_CCM_8()
    return { peer, suite: suite.name, options: () => [...PSK, ...more], ours: () => keyed(suite) }
}

/** Options for a peer's program if both sides have certificates. */
function certificates(role: Role): string[] {
    const file = (party: "root" | "server" | "client", kind: "pem" | "key"): string => theParties().file(party, kind)
    return ["--cert", file(role, "pem"), "--cert-key", file(role, "key"), "--ca", file("root", "pem")]
}

export function preSharedKey(peer: BuiltPeer, ...more: string[]): Cell[] {
    return both({ ...withKey(peer, more), what: HANDSHAKE, features: features("psk") })
}

/** For a peer that has only a client. */
export function clientWithKey(peer: BuiltPeer): Cell[] {
    return both({ ...withKey(peer, []), what: HANDSHAKE, features: features("psk"), roles: ["client"] })
}

/** Only the server has a certificate. */
export function certificateOfServer(peer: BuiltPeer, suite: string): Cell[] {
    return both({
        ...{ peer, suite, what: "certificate of the server", features: features("certificate") },
        options: (role) => (role === "server" ? certificates("server").slice(0, 4) : []),
        ours: (role) => certified(role === "server" ? undefined : "server"),
    })
}

export const AES_128_CCM_8 = TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256
export const CHACHA20 = TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256
export const AES_128_GCM = TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256

export function ecdhePsk(peer: BuiltPeer, suiteFor: typeof CHACHA20, ...more: string[]): Cell[] {
    const suite = suiteFor(new EcdhePskKeyExchange(new NodeKeys()))
    return both({
        ...{ peer, suite: suite.name, what: HANDSHAKE, features: features("ecdhe-psk") },
        options: () => [...PSK, ...more],
        ours: () => keyed(suite),
    })
}

export function certificateOfBoth(peer: BuiltPeer, suite: string, ...more: string[]): Cell[] {
    return both({ ...withCertificates(peer, suite, more), what: "certificates of both sides" })
}

function withCertificates(peer: BuiltPeer, suite: string, more: string[]): Omit<Attempt, "what"> {
    return {
        ...{ peer, suite, features: features("certificate", "client-certificate") },
        options: (role) => [...certificates(role), ...more],
        ours: (role) => (role === "server" ? certified("client") : { ...certified("server"), requestCert: true }),
    }
}

/** Options for a peer's program if both sides have raw public keys. */
function keyPair(role: Role): string[] {
    const other = role === "server" ? "client" : "server"
    const file = (party: Cell["role"], kind: "der" | "key"): string => theParties().file(party, kind)
    return ["--raw", file(role, "der"), "--cert-key", file(role, "key"), "--peer-raw", file(other, "der")]
}

export function rawKeys(peer: BuiltPeer, suite: string, ...more: string[]): Cell[] {
    return both({
        ...{ peer, suite, what: "raw public keys of both sides", features: features("rpk") },
        options: (role) => [...keyPair(role), ...more],
        ours: (role) =>
            role === "server" ? rawKeyed("client", "server") : { ...rawKeyed("server", "client"), requestCert: true },
    })
}

/** Certificates of both sides in datagrams of 300 bytes. */
export function fragments(peer: BuiltPeer, suite: string, ...more: string[]): Cell[] {
    const attempt = withCertificates(peer, suite, ["--mtu", "300", ...more])
    return both({
        ...attempt,
        what: "certificates of both sides, in fragments of both",
        features: [...attempt.features, "fragments"],
        ours: (role) => ({ ...attempt.ours(role), pathBudget: 300 }),
    })
}

/** The client gets a new address, and its record moves the association. */
export function connectionIds(peer: BuiltPeer, routable: boolean, ...more: string[]): Cell[] {
    const tried = routable ? features("psk", "cid", "rrc") : features("psk", "cid")
    return movingClient({ ...withKey(peer, ["--cid", "5", ...more]), features: tried }, routable)
}

/** Return routability in DTLS 1.2, with both forms of our server. */
export function routability(peer: BuiltPeer, ...more: string[]): Cell[] {
    const keys = { ...withKey(peer, ["--cid", "5", ...more]), features: features("psk", "cid", "rrc") }
    return [...movingClient(keys, true), ...movingSlowly(keys)]
}

/** The same in DTLS 1.3. */
export function routabilityV13(peer: BuiltPeer): Cell[] {
    const suite = TLS_AES_128_GCM_SHA256()
    const keys: MovingAttempt = {
        ...{ peer, suite: suite.name, options: () => [...PSK, "--cid", "5"], features: ["cid13", "rrc13"] },
        ours: () => ({ ...keyed(suite), minVersion: "1.3" }),
    }
    return [...movingClient(keys, true), ...movingSlowly(keys)]
}

type MovingAttempt = Pick<Attempt, "peer" | "suite" | "options" | "features"> & { ours: () => Options }

function movingClient(keys: MovingAttempt, routable: boolean): Cell[] {
    return both<Nat>({
        ...{ ...keys, what: "connection ids of both sides, a new address of the client" },
        ours: () => ({ ...keys.ours(), connectionId: 8 }),
        path: (port) => Nat.open(port),
        then: (role) => (role === "client" ? ourServerFollows(routable) : peerServerFollows),
    })
}

/** Our server challenges the old address first; the NAT has dropped it, so there is no answer. */
function movingSlowly(keys: MovingAttempt): Cell[] {
    return both<Nat>({
        ...{ ...keys, what: "a new address of the client, after the old one was asked" },
        roles: ["client"],
        ours: () => ({ ...keys.ours(), connectionId: 8, returnRoutability: "enhanced" }),
        path: (port) => Nat.open(port),
        then: () => ourServerFollows(true),
    })
}

/**
 * Time limit for the server to send to the new address, ms: the enhanced form waits for a second, and a busy computer
 * takes longer.
 */
const MOVING = 20000

/**
 * @param routable the peer answers challenges, so that more than three times as many bytes may be sent to the new
 * address
 */
function ourServerFollows(routable: boolean): NonNullable<Trial<Nat>["then"]> {
    return async (ours, peer, nat) => {
        if (ours.negotiated.connectionIds?.remote.length !== 5) return "no connection ids"
        await nat?.rebind()
        peer.write("moved up\n")
        const message = (await ours.receive({ timeout: 10000 }))?.toString().trim()
        if (message !== "moved up") return `instead of "moved up" came: ${message ?? "the end"}`
        const end = Date.now() + MOVING
        while (ours.remotePort !== nat?.outsidePort) {
            if (Date.now() > end) return "the address did not move"
            await setTimeout(20)
        }
        await greet(ours, peer, "there")
        if (routable) {
            await ours.send("x".repeat(1000))
            await peer.expect("x".repeat(1000))
        }
        return undefined
    }
}

/** Data that the peer sends before it has moved goes to the old address, and is lost. */
async function peerServerFollows(ours: DtlsSocket, peer: Running, nat: Nat | undefined): Promise<string | undefined> {
    if (ours.negotiated.connectionIds?.remote.length !== 5) return "no connection ids"
    await nat?.rebind()
    await ours.send("moved up\n")
    await peer.expect("moved up")
    const repeating = setInterval(() => peer.write("moved down\n"), 100)
    try {
        const message = (await ours.receive({ timeout: 10000 }))?.toString().trim()
        return message === "moved down" ? undefined : `instead of "moved down" came: ${message ?? "the end"}`
    } finally {
        clearInterval(repeating)
    }
}

/** Resumption by session id and by ticket, in both roles. */
export function resumption(peer: BuiltPeer, ...more: string[]): Cell[] {
    return [false, true].flatMap((tickets) => [
        resumedByServer(peer, tickets, ...more),
        resumedByClient(peer, tickets, ...more),
    ])
}

function resuming(peer: BuiltPeer, tickets: boolean, more: string[]): Attempt {
    return {
        ...{ ...withKey(peer, more), what: `resumption by ${tickets ? "ticket" : "session id"}` },
        features: features("psk", tickets ? "ticket" : "resumption-id"),
    }
}

/** @param more options for the peer's program; it uses tickets by default */
export function resumedByServer(peer: BuiltPeer, tickets: boolean, ...more: string[]): Cell {
    const words = tickets ? more : ["--tickets", "0", ...more]
    return resumedByUs(trialOf(resuming(peer, tickets, words), "server"))
}

/** The peer's client connects twice in one run. */
function resumedByClient(peer: BuiltPeer, tickets: boolean, ...more: string[]): Cell {
    const attempt = resuming(peer, tickets, ["--tickets", tickets ? "1" : "0", "--resume", "1", ...more])
    const ours = (): ListenOptions => ({ ...(attempt.ours("client") as ListenOptions), sessions: { tickets } })
    return resumedByPeer({ ...trialOf(attempt, "client"), ours, ready: "connected" })
}

/** @returns a failure, unless a message of `most` bytes reaches the peer and a longer one is refused here */
async function noLonger(most: number, ours: DtlsSocket, peer: Running): Promise<string | undefined> {
    await ours.send("x".repeat(most))
    await peer.expect("x".repeat(most))
    try {
        await ours.send("y".repeat(most + 1))
    } catch (error) {
        return (error as { code?: string }).code === "ERR_DTLS_MESSAGE_TOO_LARGE" ? undefined : String(error)
    }
    return `a message of ${most + 1} bytes was sent`
}

/** Each side announces its limit: ours 600 bytes, the peer 700. */
export function recordSizeLimit(peer: BuiltPeer, ...more: string[]): Cell[] {
    const keys = withKey(peer, ["--size", "700", ...more])
    return both({
        ...{ ...keys, what: "record_size_limit", features: features("psk", "record-size-limit") },
        ours: () => ({ ...keys.ours(), recordSizeLimit: 600 }),
        then: () => (ours, program) => noLonger(700, ours, program),
    })
}

/** The client's request applies to both sides. */
export function maxFragmentLength(peer: BuiltPeer, ...more: string[]): Cell[] {
    const keys = withKey(peer, more)
    return both({
        ...{ ...keys, what: "max_fragment_length of 512", features: features("psk", "mfl") },
        options: (role) => [...keys.options(role), ...(role === "client" ? ["--fragment", "512"] : [])],
        ours: (role) => ({ ...keys.ours(), maxFragmentLength: role === "client" ? 0 : 512 }),
        then: () => (ours, program) => noLonger(512, ours, program),
    })
}

const LABEL = "EXPORTER-mote-interop"

/** ALPN and exporter, the results of a handshake that an application sees. */
export function exporter(peer: BuiltPeer, ...more: string[]): Cell[] {
    const keys = withKey(peer, ["--alpn", "coap", "--export", LABEL, ...more])
    return both({
        ...{ ...keys, what: "ALPN, exporter (RFC 5705)", features: features("psk", "alpn", "exporter") },
        ours: () => ({ ...keys.ours(), protocols: ["coap", "h2"] }),
        then: () => async (ours, program) => {
            if (ours.negotiated.protocol !== "coap") return "no protocol in common"
            await program.expect("keying material: ")
            const theirs = /keying material: ([0-9a-f]{64})/.exec(program.output)?.[1]
            const mine = ours.dtls.exportKeyingMaterial(LABEL, undefined, 32).toString("hex")
            return theirs === mine ? undefined : "the two sides export different bytes"
        },
    })
}
