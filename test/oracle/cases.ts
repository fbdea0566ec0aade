import { type DtlsSettings } from "../../src/gio/settings.js"
import { type Difference } from "./differences.js"
import { type Pair, type PairCertificates, PLAIN, receive, send } from "./pair.js"

/** Our answer to one recorded call if it differs, and why. Missing fields are not compared. */
export interface Override {
    why: Difference
    result?: string
    error?: string | null
    detail?: string | null
}

export interface OracleCase {
    name: string
    /** whether the handshake is complete before the first call; default true */
    open?: boolean
    settings?: (settings: DtlsSettings) => void
    /** default: a pre-shared key */
    certificates?: PairCertificates
    /** actions before the call with that index */
    before?: Record<number, (pair: Pair) => Promise<unknown>>
    /** actions begun together with the call with that index, like the recording's other thread */
    meanwhile?: Record<number, (pair: Pair) => Promise<unknown>>
    /** ms until the cancellable of that call is cancelled; others are cancelled before the call */
    cancelAfter?: Record<number, number>
    differs?: Record<number, Override>
    /** calls without a counterpart here: events in the recording's other threads, its log */
    context?: number[]
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Sends texts from the other side after a delay. */
const arrive =
    (side: "client" | "server", ms: number, ...texts: string[]) =>
    async (pair: Pair): Promise<void> => {
        for (const text of texts) {
            await later(ms)
            await send(pair.side(side), [[Buffer.from(text)]], 0, -1)
        }
    }

/**
 * Datagrams need some time and several turns of the event loop; a single long wait may end before the first of these
 * turns.
 */
const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await later(10)
}

const quick = (settings: DtlsSettings): void => {
    settings.retransmission = { ...settings.retransmission, deadline: 400 }
}

const check = (inn: string, out: string, both: string, none: string, why: Difference): Override => ({
    why,
    result: `IN->${inn}, OUT->${out}, IN|OUT->${both}, 0->${none}`,
})
/** The conditions when idle: nothing to read, and a send would not block. */
const idle = check("0", "OUT", "OUT", "0", "exactMask")
const hup = check("HUP", "HUP", "HUP", "HUP", "closedLocally")
const closed: Override = { why: "earlyShutdown", result: "-1", error: "G_IO_ERROR_CLOSED" }
const waits: Override = { why: "waitEnds", result: "false", error: "G_IO_ERROR_TIMED_OUT" }

export const cases: OracleCase[] = [
    { name: "handshake-again", differs: { 0: { why: "handshakeAgain", result: "true" } } },
    { name: "handshake-again-server", differs: { 0: { why: "handshakeAgain", result: "true" } } },
    { name: "handshake-again-served", context: [1] },
    { name: "several", before: { 3: settle } },
    { name: "vectors" },
    {
        name: "truncation",
        differs: {
            1: { why: "truncationMark", result: "1", detail: "m0: bytes_received=4 flags=32 address=null [0123]" },
            4: {
                why: "truncationMark",
                result: "2",
                detail: "m0: bytes_received=5 flags=32 address=null [01] [234]; m1: bytes_received=4 flags=0 address=null [ne] [xt.]",
            },
            6: { why: "truncationMark", result: "1", detail: "m0: bytes_received=0 flags=32 address=null []" },
            7: { why: "truncationMark", result: "1", detail: "m0: bytes_received=0 flags=32 address=null" },
        },
    },
    {
        name: "zero-length",
        differs: {
            1: {
                why: "emptyMessage",
                result: "1",
                error: null,
                detail: "m0: bytes_received=0 flags=0 address=null [................]",
            },
            3: {
                why: "emptyMessage",
                result: "1",
                error: null,
                detail: "m0: bytes_received=0 flags=0 address=null [................]",
            },
            5: { why: "emptyMessage", result: "3" },
        },
    },
    { name: "num-zero", open: false, context: [2] },
    {
        name: "timeouts",
        before: { 9: settle },
        meanwhile: { 4: arrive("client", 100, "late"), 5: arrive("client", 100, "late2") },
    },
    { name: "partial", before: { 1: settle, 3: settle }, meanwhile: { 5: arrive("client", 60, "two", "three") } },
    {
        name: "timeout-per-message",
        meanwhile: { 0: arrive("client", 200, "one", "two", "three") },
        differs: { 0: { why: "callTimeout", result: "1" } },
    },
    {
        name: "cancel",
        before: { 1: settle },
        cancelAfter: { 5: 60, 7: 60 },
        differs: { 7: { why: "partialCount", result: "1", error: null } },
    },
    { name: "msg-flags", before: { 4: settle } },
    {
        name: "size",
        settings: (settings) => (settings.pathBudget = 1377),
        context: [6],
        before: { 7: settle },
        // Our largest message is 1340 bytes here; the recording found its three larger ones by trying.
        differs: {
            10: { why: "sizes", error: "G_IO_ERROR_WOULD_BLOCK", result: "-1" },
            11: { why: "sizes", error: "G_IO_ERROR_WOULD_BLOCK", result: "-1" },
            12: { why: "sizes", error: "G_IO_ERROR_WOULD_BLOCK", result: "-1" },
            14: { why: "partialCount", result: "1", error: null },
        },
    },
    {
        name: "implicit",
        open: false,
        context: [0, 2, 3],
        meanwhile: { 1: (pair) => send(pair.server, [[Buffer.from("hello")]], 0, -1) },
    },
    {
        name: "implicit-nonblocking",
        open: false,
        before: { 5: (pair) => Promise.all([pair.server.handshake(), later(1200)]), 9: settle },
        context: [4],
        differs: {
            0: idle,
            5: check("0", "OUT", "OUT", "0", "noHint"),
            7: idle,
        },
    },
    {
        name: "no-peer",
        open: false,
        settings: quick,
        // The recording had no server; this pair's server closes first.
        before: { 5: (pair) => pair.server.close() },
        context: [7],
        differs: {
            8: { why: "handshakeGoesOn", result: "-1", error: "G_IO_ERROR_TIMED_OUT" },
            9: check("ERR", "ERR", "ERR", "ERR", "failedIsErr"),
        },
    },
    { name: "handshake-forever", open: false, settings: quick },
    {
        name: "handshake-cancel",
        open: false,
        settings: quick,
        cancelAfter: { 2: 100 },
        differs: { 3: { why: "handshakeGoesOn", result: "false", error: "G_IO_ERROR_TIMED_OUT" } },
    },
    { name: "handshake-refused", open: false, before: { 0: (pair) => (pair.serverBase.close(), settle()) } },
    { name: "shutdown-read", before: { 1: settle }, differs: { 4: check("0", "OUT", "OUT", "0", "closedLocally") } },
    {
        name: "shutdown-write",
        differs: { 3: check("0", "0", "0", "0", "closedLocally"), 6: check("IN", "OUT", "IN|OUT", "0", "eosKeepsIn") },
    },
    {
        name: "shutdown-both",
        context: [8],
        differs: { 5: hup, 10: { why: "closedLocally", result: "true" } },
    },
    { name: "shutdown-early", open: false, differs: { 3: hup, 5: closed } },
    { name: "shutdown-cancelled" },
    {
        name: "peer-close",
        before: { 2: settle },
        differs: { 5: check("IN", "OUT", "IN|OUT", "0", "eosKeepsIn") },
    },
    { name: "peer-close-batch" },
    {
        name: "peer-close-wakes",
        context: [0],
        meanwhile: { 1: async (pair) => (await later(60), await pair.server.close()) },
    },
    ...["unclean-required", "unclean-not-required"].map((name): OracleCase => ({
        name,
        before: { 0: (pair) => (pair.serverBase.close(), settle()), 3: settle },
        differs: {
            0: idle,
            3: check("ERR", "OUT|ERR", "OUT|ERR", "ERR", "noHint"),
            5: { why: "icmpPasses", error: "G_IO_ERROR_TIMED_OUT", result: "-1" },
            6: { why: "icmpPasses", result: "1", error: null },
            7: { why: "icmpPasses", result: "1", error: null },
        },
    })),
    {
        name: "condition-check",
        open: false,
        before: { 2: (pair) => pair.handshake(), 5: settle, 11: settle },
        differs: {
            0: idle,
            1: idle,
            2: idle,
            3: idle,
            9: idle,
            13: check("IN", "OUT", "IN|OUT", "0", "eosKeepsIn"),
        },
    },
    { name: "condition-wait", differs: { 2: waits } },
    { name: "condition-wait-positive", differs: { 0: waits } },
    { name: "condition-wait-cancel", cancelAfter: { 1: 60 } },
    {
        name: "condition-wait-data",
        before: { 1: settle },
        meanwhile: { 4: arrive("server", 60, "more") },
    },
    {
        name: "recv-during-async",
        open: false,
        settings: quick,
        meanwhile: { 0: (pair) => pair.client.handshake().catch(() => undefined) },
    },
    {
        name: "recv0-during-async",
        open: false,
        before: {
            0: (pair) => {
                pair.client.handshake().catch(() => undefined)
                return later(100)
            },
        },
    },
    {
        name: "overlap",
        before: {
            2: (pair) => {
                void receive(pair.client, 1, [16], 0, -1)
                return later(20)
            },
        },
        // Here the second receive waits for the first, under its own timeout.
        context: [4],
        differs: { 3: idle },
    },
    {
        name: "shutdown-blocked",
        before: {
            0: (pair) => {
                void receive(pair.client, 1, [16], 0, -1)
                return later(20)
            },
        },
        differs: { 0: { why: "neverWaits", result: "true" } },
    },
    {
        name: "base-socket",
        before: { 0: (pair) => (pair.clientBase.close(), settle()) },
        differs: {
            0: check("ERR", "ERR", "ERR", "ERR", "baseClosed"),
            2: { why: "baseClosed", error: "G_IO_ERROR_CLOSED", result: "-1" },
            3: { why: "baseClosed", error: "G_IO_ERROR_CLOSED", result: "-1" },
            4: { why: "baseClosed", result: "true", error: null },
            5: { why: "baseClosed", error: "G_IO_ERROR_CLOSED", result: "-1" },
        },
    },
    {
        name: "binding",
        open: false,
        before: { 6: (pair) => pair.handshake() },
        context: [8, 11, 12, 15, 18, 19],
        certificates: PLAIN,
        differs: {
            13: { why: "exporter", result: "true", error: null, detail: "32 bytes" },
            14: { why: "exporter", result: "true", error: null, detail: "32 bytes" },
        },
    },
    {
        name: "source",
        open: false,
        before: { 2: (pair) => pair.handshake(), 9: (pair) => pair.server.shutdown(true, true), 10: settle },
        meanwhile: { 4: arrive("server", 100, "x") },
        // Cancellation of a source has a separate test, because the recording does not show when it happens.
        context: [8, 9],
        differs: {
            0: { why: "noHint", result: "dispatched never, callback condition -" },
            1: { why: "noHint", result: "dispatched never, callback condition -" },
            5: { why: "exactMask", result: "dispatched many times, callback condition IN|OUT" },
            7: { why: "exactMask", result: "dispatched many times, callback condition OUT" },
            12: { why: "eosKeepsIn", result: "dispatched many times, callback condition IN" },
            14: { why: "closedLocally", result: "dispatched many times, callback condition HUP" },
            15: { why: "closedLocally", result: "dispatched many times, callback condition HUP" },
        },
    },
]
