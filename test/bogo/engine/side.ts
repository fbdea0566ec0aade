import { type KeyOperations } from "../../../src/dtls/crypto/keys.js"
import { type PrivateKey } from "../../../src/dtls/handshake/question.js"
import { type Services } from "../../../src/platform/services.js"

/** Where the engine runs: in Node, or in the machine. */
export interface Side {
    services: Services
    /** supports all groups and schemes, preferred first */
    keys: KeyOperations
    /** includes the hybrid group; undefined: not available */
    hybridKeys: (() => KeyOperations) | undefined
    /** @param der PrivateKeyInfo; undefined: signatures with this kind of key are not supported */
    importKey(der: Buffer): PrivateKey | undefined
}

export enum EventKind {
    /** `data`: a datagram */
    packet,
    /** the clock advances by `time` */
    advance,
    /** the path budget is `time` bytes */
    mtu,
    /** the next timeout must be in `time`; negative: there must be none */
    expectTimeout,
    /** initial timeout of later flights */
    initialTimeout,
    /** the runner has left */
    end,
    /** nothing was received for as long as it was waited */
    quiet,
}

/** Times are in ms, and may have fractions. */
export interface RunnerEvent {
    kind: EventKind
    time: number
    data: Buffer
}

/** The connection to the runner. */
export interface Link {
    /** @param quietAfter real time after which the event `quiet` is returned instead, ms; negative: waits for ever */
    next(quietAfter: number): Promise<RunnerEvent>
    sendPacket(data: Buffer): void
    /** Tells the runner that its timeout was processed. */
    acknowledgeTimeout(): void
}
