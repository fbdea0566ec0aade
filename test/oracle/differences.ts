/** Intentional differences from the real GIO; docs/gio.md has a row for each. */
export const differences = {
    emptyMessage: "an empty message is sent as one and received as one of 0 bytes, never as end of stream",
    truncationMark:
        "a message cut to its vectors has MSG_TRUNC in its flags, and vectors of no bytes still take a message",
    callTimeout: "the timeout is for the whole call, not for each message",
    partialCount: "what was done is returned as a count; the error, if it lasts, comes with the next call",
    exactMask: "IN|OUT answers what holds, not what was asked",
    noHint: "conditions speak of messages, not of datagrams; waiting for one before the handshake starts the handshake",
    eosKeepsIn: "IN stays set at end of stream, so a reader is told",
    closedLocally: "after a local shutdown a direction's condition is gone; after both HUP is set",
    waitEnds: "condition_wait ends at its timeout, and with CLOSED when what was asked can never come",
    earlyShutdown: "after shutdown writes are CLOSED too, also before a handshake",
    handshakeAgain: "handshake() on an open connection is true at once",
    handshakeGoesOn:
        "a call's timeout or cancellation ends the call only: the handshake goes on and later calls use it",
    failedIsErr: "a failed connection sets ERR",
    pending: "a second explicit handshake gets PENDING; the real one aborts the process",
    neverWaits: "shutdown does not wait for a blocked read, which gets CLOSED",
    exporter: "extended master secret is on, so tls-exporter works; after the close the keys are gone",
    alertSent: "a peer that is refused gets an alert, and its handshake fails at once with HANDSHAKE",
    serverOrder: "ALPN: the server's order decides (RFC 7301 §3.2)",
    namesChecked: "ALPN names of 0 or more than 255 bytes are refused with INVALID_ARGUMENT",
    sizes: "the largest message follows from the path budget and the suite",
    icmpPasses: "on an open connection an ICMP error is told to one call, and the connection stays usable",
    baseClosed: "a closed base socket is CLOSED for every call; close() still succeeds",
} as const

export type Difference = keyof typeof differences
