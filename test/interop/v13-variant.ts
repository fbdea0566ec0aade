import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { connect } from "../../src/platform/node/connect/connect.js"
import { type DtlsSocket } from "../../src/platform/node/connect/dtls-socket.js"
import { listen } from "../../src/platform/node/connect/listen.js"
import { type CommonOptions, type ConnectOptions, type ListenOptions } from "../../src/platform/node/connect/options.js"
import { type Psk } from "../../src/platform/node/connect/psk-options.js"
import { type Cell, type Feature, IDENTITY, KEY } from "./cell.js"
import { certified, rawKeyed } from "./certificate-cells.js"
import { withPrograms } from "./command-line.js"
import { type Party, type PartyFile, theParties } from "./parties.js"
import { buildNeeds, type BuiltPeer, builtVersions, peerProgram } from "./peers/build.js"
import { freePort, type Running, untilBound } from "./process.js"

export const PSK = { identity: IDENTITY, key: Buffer.from(KEY, "hex") }

/** A variant of a DTLS 1.3 cell. */
export interface Variant13 {
    peer: BuiltPeer
    what: string
    features: Feature[]
    suite: CipherSuite
    /** further options for the peer */
    options?: string[]
    /** further options for our side */
    ours?: Partial<CommonOptions>
    /** pre-shared keys of our client, if it has several */
    keys?: Psk[]
    /** how the two sides authenticate each other, by the peer's role; default: a pre-shared key */
    known?: Record<Cell["role"], Known>
    /** called after a message in each direction */
    then?: (ours: DtlsSocket, peer: Running) => Promise<void>
}

export interface Known {
    peer: string[]
    ours: () => ConnectOptions & ListenOptions
}

export const BY_PSK: Known = { peer: ["--identity", IDENTITY, "--key", KEY], ours: () => ({ psk: PSK }) }

export function file(party: Party, kind: PartyFile): string {
    return theParties().file(party, kind)
}

/** Options for a peer that presents a certificate. */
export function presenting(party: Party): string[] {
    return ["--cert", file(party, "pem"), "--cert-key", file(party, "key")]
}

/** Only the server has a certificate. */
export function byCertificate(): Record<Cell["role"], Known> {
    return {
        server: { peer: presenting("server"), ours: () => certified(undefined) },
        client: { peer: ["--ca", file("root", "pem")], ours: () => certified("server") },
    }
}

/** Both sides have certificates. */
export function byCertificates(): Record<Cell["role"], Known> {
    const trusting = ["--ca", file("root", "pem")]
    return {
        server: { peer: [...presenting("server"), ...trusting], ours: () => certified("client") },
        client: {
            peer: [...presenting("client"), ...trusting],
            ours: () => ({ ...certified("server"), requestCert: true }),
        },
    }
}

/** Both sides have raw public keys. */
export function byRawKeys(): Record<Cell["role"], Known> {
    const raw = (own: Party, peer: Party): string[] => [
        ...["--raw", file(own, "der"), "--cert-key", file(own, "key"), "--peer-raw", file(peer, "der")],
    ]
    return {
        server: { peer: raw("server", "client"), ours: () => rawKeyed("client", "server") },
        client: {
            peer: raw("client", "server"),
            ours: () => ({ ...rawKeyed("server", "client"), requestCert: true }),
        },
    }
}

async function expectMessage(ours: DtlsSocket, text: string): Promise<void> {
    const message = (await ours.receive({ timeout: 5000 }))?.toString()
    if (message !== text) throw new Error(`instead of "${text}" came: ${message ?? "the end"}`)
}

export async function greet(ours: DtlsSocket, peer: Running, what = "hello"): Promise<void> {
    await ours.send(`${what} up`)
    await peer.expect(`received: ${what} up`)
    peer.write(`${what} down\n`)
    await expectMessage(ours, `${what} down`)
}

function knownBy({ known }: Variant13, role: Cell["role"]): Known {
    return known === undefined ? BY_PSK : known[role]
}

export function peerCommand(variant: Variant13, role: Cell["role"], program: string, port: number): string[] {
    const { suite, options } = variant
    const { peer } = knownBy(variant, role)
    return [program, role, "--port", `${port}`, ...peer, "--suite", suite.name, ...(options ?? [])]
}

/** The peer's server with our client, or vice versa. */
async function open(
    variant: Variant13,
    role: Cell["role"],
    start: (command: string[]) => Running,
    use: (ours: DtlsSocket, peer: Running) => Promise<void>,
): Promise<string> {
    const port = await freePort()
    const command = peerCommand(variant, role, peerProgram(variant.peer), port)
    const known = knownBy(variant, role).ours()
    const options = { ...known, minVersion: "1.3" as const, suites: [variant.suite], ...variant.ours }
    if (role === "server") {
        const peer = start(command)
        await untilBound(port)
        const { keys: psk = known.psk } = variant
        await using ours = await connect("127.0.0.1", port, { ...options, psk, timeout: 20000 })
        await use(ours, peer)
    } else {
        await using server = await listen(port, options, "127.0.0.1")
        const peer = start(command)
        await using ours = await server.accept({ timeout: 20000 })
        await use(ours, peer)
    }
    return "ok"
}

export function cell(variant: Variant13, role: Cell["role"]): Cell {
    const { peer, suite, what, features } = variant
    return {
        peer,
        version: builtVersions[peer],
        role,
        suite: suite.name,
        what: `DTLS 1.3, ${what}`,
        features,
        command: peerCommand(variant, role, peer, 4433).join(" "),
        needs: buildNeeds[peer],
        expected: "ok",
        run: () =>
            withPrograms((start) =>
                open(variant, role, start, async (ours, program) => {
                    await greet(ours, program)
                    await variant.then?.(ours, program)
                }),
            ),
    }
}
