import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { EcdhePskKeyExchange } from "../../src/dtls/key-exchange/ecdhe-psk.js"
import { TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 } from "../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../src/dtls/key-exchange/suites.js"
import { type DtlsSocket } from "../../src/platform/node/connect/dtls-socket.js"
import { type ConnectOptions, type ListenOptions } from "../../src/platform/node/connect/options.js"
import { NodeKeys } from "../../src/platform/node/keys.js"
import { Nat } from "../support/nat.js"
import { certified } from "./certificate-cells.js"
import { type Cell, type Feature, features, IDENTITY, KEY } from "./cell.js"
import { greet, liveCell, type Path, type Trial } from "./live.js"
import { theParties } from "./parties.js"
import { buildNeeds, type BuiltPeer, builtVersions, peerProgram } from "./peers/build.js"
import { type Running } from "./process.js"

/* DTLS 1.2 with libraries: what no command-line tool has. */

type Options = ConnectOptions & ListenOptions

/** What is tried with both roles of a peer. */
interface Attempt<P extends Path = Path> {
    peer: BuiltPeer
    suite: string
    what: string
    features: Feature[]
    /** of the peer's program, besides role, port and suite */
    options: (role: Cell["role"]) => string[]
    /** what `connect` or `listen` gets, by the peer's role */
    ours: (role: Cell["role"]) => Options
    path?: Trial<P>["path"]
    then?: (role: Cell["role"]) => Trial<P>["then"]
}

function command<P extends Path>(attempt: Attempt<P>, role: Cell["role"], program: string, port: number): string[] {
    return [program, role, "--port", `${port}`, "--suite", attempt.suite, ...attempt.options(role)]
}

function both<P extends Path>(attempt: Attempt<P>): Cell[] {
    const { peer, suite, what, features: tried, path } = attempt
    return (["server", "client"] as const).map((role) =>
        liveCell({
            ...{ peer, version: builtVersions[peer], needs: buildNeeds[peer], role, suite, what, features: tried },
            shown: (port) => command(attempt, role, peer, port),
            command: (port) => {
                theParties().make()
                return command(attempt, role, peerProgram(peer), port)
            },
            ours: () => attempt.ours(role),
            path,
            then: attempt.then?.(role),
        }),
    )
}

const PSK = ["--identity", IDENTITY, "--key", KEY]

function keyed(suite: CipherSuite): Options {
    return { psk: { identity: IDENTITY, key: Buffer.from(KEY, "hex") }, suites: [suite] }
}

/** Options of a peer's program with certificates of both sides. */
function certificates(role: Cell["role"]): string[] {
    const file = (party: "root" | "server" | "client", kind: "pem" | "key"): string => theParties().file(party, kind)
    return ["--cert", file(role, "pem"), "--cert-key", file(role, "key"), "--ca", file("root", "pem")]
}

function ecdhePsk(peer: BuiltPeer, ...more: string[]): Cell[] {
    const suite = TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256(new EcdhePskKeyExchange(new NodeKeys()))
    return both({
        ...{ peer, suite: suite.name, what: "handshake, data both ways", features: features("ecdhe-psk") },
        options: () => [...PSK, ...more],
        ours: () => keyed(suite),
    })
}

function certificateOfBoth(peer: BuiltPeer, ...more: string[]): Cell[] {
    return both({
        ...{ peer, suite: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", what: "certificates of both sides" },
        features: features("certificate", "client-certificate"),
        options: (role) => [...certificates(role), ...more],
        ours: (role) => (role === "server" ? certified("client") : { ...certified("server"), requestCert: true }),
    })
}

/** The client gets a new address, and its record moves the association there. */
function connectionIds(peer: BuiltPeer, routable: boolean, ...more: string[]): Cell[] {
    const suite = TLS_PSK_WITH_AES_128_CCM_8()
    return both<Nat>({
        ...{ peer, suite: suite.name, what: "connection ids of both sides, a new address of the client" },
        features: routable ? features("psk", "cid", "rrc") : features("psk", "cid"),
        options: () => [...PSK, "--cid", "5", ...more],
        ours: () => ({ ...keyed(suite), connectionId: 8 }),
        path: (port) => Nat.open(port),
        then: (role) => (role === "client" ? ourServerFollows(routable) : peerServerFollows),
    })
}

/** @param routable the peer answers a challenge: more than three bytes for one go to the new address afterwards */
function ourServerFollows(routable: boolean): NonNullable<Trial<Nat>["then"]> {
    return async (ours, peer, nat) => {
        if (ours.negotiated.connectionIds?.remote.length !== 5) return "no connection ids"
        await nat?.rebind()
        peer.write("moved up\n")
        const message = (await ours.receive({ timeout: 10000 }))?.toString().trim()
        if (message !== "moved up") return `instead of "moved up" came: ${message ?? "the end"}`
        if (ours.remotePort !== nat?.outsidePort) return "the address did not move"
        await greet(ours, peer, "there")
        if (routable) {
            await ours.send("x".repeat(1000))
            await peer.expect("x".repeat(1000))
        }
        return undefined
    }
}

/** What the peer sends before it has moved goes to the old address, and is lost. */
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

/** Every cell of DTLS 1.2 with a library. */
export function libraryCells(): Cell[] {
    const older = ["--version", "1.2"]
    return [
        ...certificateOfBoth("pion", ...older),
        ...ecdhePsk("pion", ...older),
        ...connectionIds("pion", true, ...older),
    ]
}
