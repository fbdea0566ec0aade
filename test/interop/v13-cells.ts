import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import {
    TLS_AES_128_CCM_8_SHA256,
    TLS_AES_128_CCM_SHA256,
    TLS_AES_128_GCM_SHA256,
    TLS_AES_256_GCM_SHA384,
    TLS_CHACHA20_POLY1305_SHA256,
} from "../../src/dtls/handshake/v13/suites.js"
import { type ConnectionIdsV13 } from "../../src/dtls/handshake/v13/connection-ids.js"
import { routabilityV13 } from "./attempts.js"
import { type DtlsSocket } from "../../src/platform/node/connect/dtls-socket.js"
import { type Psk } from "../../src/platform/node/connect/psk-options.js"
import { type PskQuestion } from "../../src/dtls/handshake/question.js"
import { type Credentials } from "../../src/gio/credentials.js"
import { type Cell, IDENTITY } from "./cell.js"
import { certified } from "./certificate-cells.js"
import { type Party } from "./parties.js"
import { buildNeeds, type BuiltPeer, builtVersions, peerProgram } from "./peers/build.js"
import { type Trial } from "./live.js"
import { type Running } from "./process.js"
import { resumedByPeer, resumedByUs } from "./resumed.js"
import {
    BY_PSK,
    byCertificate,
    byCertificates,
    byRawKeys,
    cell,
    file,
    greet,
    type Known,
    peerCommand,
    presenting,
    PSK,
    type Variant13,
} from "./v13-variant.js"

/** The peer updates the keys of both directions twice. */
async function updateTwice(ours: DtlsSocket, peer: Running): Promise<void> {
    for (const what of ["after one update", "after two"]) {
        peer.write("/update\n")
        await peer.expect("updated:")
        await greet(ours, peer, what)
    }
}

/** Checks that both ids are in use: the peer's program fills its own with one byte. */
async function bothIds(ours: DtlsSocket): Promise<void> {
    const ids = ours.negotiated.connectionIds
    if (ids?.local.length !== 4 || !ids.remote.equals(Buffer.alloc(6, 0xc1)))
        throw new Error(`ids: ${ids?.local.toString("hex") ?? "none"}, ${ids?.remote.toString("hex") ?? "none"}`)
    return Promise.resolve()
}

/** Replaces our id by a NewConnectionId, twice. */
async function renewTwice(ours: DtlsSocket, peer: Running): Promise<void> {
    const ids = ours.dtls.getAssociation()!.settings.extensions[0] as ConnectionIdsV13
    for (const what of ["after one new id", "after two"]) {
        const before = ids.local
        ids.renew()
        await greet(ours, peer, `announced ${what}`)
        await greet(ours, peer, what)
        if (ids.local.equals(before)) throw new Error("the peer still uses the old id")
    }
}

/** A second connection resumes the first with its ticket: our client with the peer's server, and vice versa. */
function ticketCells(peer: BuiltPeer, suite: CipherSuite): Cell[] {
    const variant: Variant13 = { peer, what: "resumption by ticket", features: ["ticket13"], suite }
    const trialOf = (role: Cell["role"], more: string[]): Omit<Trial, "role"> => ({
        ...{ peer, version: builtVersions[peer], needs: buildNeeds[peer] },
        ...{ suite: suite.name, what: `DTLS 1.3, ${variant.what}`, features: variant.features },
        shown: (port) => peerCommand({ ...variant, options: more }, role, peer, port),
        command: (port) => peerCommand({ ...variant, options: more }, role, peerProgram(peer), port),
        ours: () => ({
            ...{ psk: PSK, minVersion: "1.3", suites: [suite] },
            ...(role === "client" ? { sessions: true } : {}),
        }),
        ready: role === "client" ? "connected" : undefined,
    })
    return [resumedByUs(trialOf("server", [])), resumedByPeer(trialOf("client", ["--resume", "1"]))]
}

/** All cells of DTLS 1.3. */
export function v13Cells(): Cell[] {
    const [gcm, gcm256, chacha] = [TLS_AES_128_GCM_SHA256(), TLS_AES_256_GCM_SHA384(), TLS_CHACHA20_POLY1305_SHA256()]
    const [ccm, ccm8] = [TLS_AES_128_CCM_SHA256(), TLS_AES_128_CCM_8_SHA256()]
    const variants: Variant13[] = []
    const alone = { pskModes: ["psk_ke" as const] }
    const agreeing = { pskModes: ["psk_dhe_ke" as const] }
    for (const suite of [gcm, gcm256, chacha])
        variants.push({ peer: "pion", what: "psk_ke", features: ["psk13"], suite, ours: alone })
    for (const suite of [gcm, gcm256, chacha, ccm, ccm8])
        variants.push({
            peer: "wolfssl",
            what: "psk_ke",
            features: ["psk13"],
            suite,
            ours: alone,
            options: ["--mode", "psk_ke"],
        })
    for (const peer of ["pion", "wolfssl"] as const)
        for (const group of ["X25519", "P-256"])
            variants.push({
                peer,
                what: `psk_dhe_ke with ${group}`,
                // Our client's first share is X25519, so a server with only P-256 requests another one.
                features: group === "P-256" ? ["psk-dhe13", "hrr"] : ["psk-dhe13"],
                suite: peer === "pion" ? gcm : ccm,
                ours: agreeing,
                options: ["--group", group, ...(peer === "pion" ? [] : ["--mode", "psk_dhe_ke"])],
            })
    for (const peer of ["pion", "wolfssl"] as const)
        variants.push({
            peer,
            what: "KeyUpdate of both directions",
            features: ["key-update"],
            suite: gcm,
            then: updateTwice,
        })
    for (const [what, feature, then] of [
        ["connection ids of 6 and 4 bytes", "cid13", bothIds],
        ["connection ids replaced by NewConnectionId", "cid-update", renewTwice],
    ] as const)
        variants.push({
            peer: "wolfssl",
            what,
            features: [feature],
            suite: ccm,
            options: ["--cid", "6"],
            ours: { connectionId: 4 },
            then,
        })
    variants.push(...certifiedVariants(gcm, ccm), ...dimplVariants(gcm, chacha), ...hybridVariants(gcm))
    const cells = variants.flatMap((variant) => [cell(variant, "server"), cell(variant, "client")])
    const several = severalKeys(gcm).map((variant) => cell(variant, "server"))
    const byPeer = cell(severalKeysOfPeer(gcm), "client")
    return [...cells, ...several, byPeer, ...ticketCells("wolfssl", ccm), ...routabilityV13("pion")]
}

/** The peer's server knows the second of three keys. */
function severalKeys(suite: CipherSuite): Variant13[] {
    const stranger = (identity: string): Psk => ({ identity, key: Buffer.alloc(16, identity) })
    return (["pion", "wolfssl"] as const).map((peer) => ({
        peer,
        what: "the second of three identities",
        features: ["psk13"],
        suite,
        keys: [stranger("one"), PSK, stranger("three")],
        then: (ours) => {
            const chosen = ours.dtls.getAssociation()?.parameters.identity.toString()
            if (chosen !== IDENTITY) throw new Error(`instead of ${IDENTITY} the server chose ${chosen ?? "none"}`)
            return Promise.resolve()
        },
    }))
}

/**
 * Our server knows the second of three keys; the peer's client has one for each suite. No other peer supports several
 * keys.
 */
function severalKeysOfPeer(suite: CipherSuite): Variant13 {
    const seen: string[] = []
    const psk: Credentials = {
        answer: ({ identity }: PskQuestion) => {
            seen.push(identity.toString())
            return Promise.resolve(seen.at(-1) === IDENTITY ? { identity, key: PSK.key } : undefined)
        },
    }
    const known = { peer: BY_PSK.peer, ours: () => ({ psk }) }
    return {
        peer: "wolfssl",
        what: "the second of three identities",
        features: ["psk13"],
        suite,
        options: ["--several", "1"],
        known: { client: known, server: known },
        then: () => {
            if (seen.length === 2 && seen[1] === IDENTITY) return Promise.resolve()
            throw new Error(`our server looked for ${seen.join(", ")}`)
        },
    }
}

/** dimpl accepts one certificate, and verifies none. */
function knownToDimpl(both: boolean): Record<Cell["role"], Known> {
    const pinned = (other: Party): string[] => ["--peer-cert", file(other, "pem")]
    return {
        server: {
            peer: [...presenting("server"), ...(both ? pinned("client") : [])],
            ours: () => certified(both ? "client" : undefined),
        },
        client: {
            peer: [...presenting("client"), ...pinned("server")],
            ours: () => ({ ...certified("server"), requestCert: both }),
        },
    }
}

function dimplVariants(gcm: CipherSuite, chacha: CipherSuite): Variant13[] {
    const known = knownToDimpl(true)
    return [
        {
            peer: "dimpl",
            what: "certificate of the server, with P-256",
            features: ["certificate13", "hrr"],
            suite: gcm,
            options: ["--group", "P-256"],
            known: knownToDimpl(false),
        },
        { peer: "dimpl", what: "certificates of both sides", features: ["certificate13"], suite: chacha, known },
        {
            peer: "dimpl",
            what: "KeyUpdate of both directions, by the number of records",
            features: ["key-update"],
            suite: gcm,
            options: ["--records", "4"],
            known,
            then: untilUpdated,
        },
    ]
}

/** The peer's keys are limited to a few records, and it requests new keys from us. */
async function untilUpdated(ours: DtlsSocket, peer: Running): Promise<void> {
    for (let count = 0; count < 8; count++) await greet(ours, peer, `hello ${count}`)
    const { readEpoch, writeEpoch } = ours.dtls.getAssociation()!.snapshot()
    if (readEpoch < 4 || writeEpoch < 4) throw new Error(`epochs: ${readEpoch}, ${writeEpoch}`)
}

function hybridVariants(suite: CipherSuite): Variant13[] {
    const options = ["--group", "X25519MLKEM768"]
    return [
        {
            peer: "wolfssl",
            what: "psk_dhe_ke with X25519MLKEM768",
            features: ["hybrid"],
            suite,
            // wolfSSL's server accepts a hello without a cookie only in a single datagram.
            ours: { pskModes: ["psk_dhe_ke"], groups: ["X25519MLKEM768"], pathBudget: 1472 },
            options: [...options, "--mode", "psk_dhe_ke"],
        },
        {
            peer: "wolfssl",
            // Our client's first share is X25519.
            what: "certificates of both sides, with X25519MLKEM768 as second choice",
            features: ["hybrid", "hrr", "certificate13"],
            suite,
            ours: { groups: ["X25519", "X25519MLKEM768"] },
            options,
            known: byCertificates(),
        },
    ]
}

function certifiedVariants(gcm: CipherSuite, ccm: CipherSuite): Variant13[] {
    const variants: Variant13[] = []
    for (const peer of ["pion", "wolfssl"] as const)
        variants.push(
            {
                peer,
                what: "certificate of the server, with P-256",
                features: ["certificate13", "hrr"],
                suite: gcm,
                options: ["--group", "P-256"],
                known: byCertificate(),
            },
            {
                peer,
                what: "certificates of both sides, with X25519",
                features: ["certificate13"],
                suite: gcm,
                options: ["--group", "X25519"],
                known: byCertificates(),
            },
        )
    const known = byRawKeys()
    variants.push({ peer: "wolfssl", what: "raw public keys of both sides", features: ["rpk13"], suite: ccm, known })
    return variants
}
