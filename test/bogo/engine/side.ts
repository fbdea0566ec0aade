import { type KeyOperations } from "../../../src/dtls/crypto/keys.js"
import { type PrivateKey } from "../../../src/dtls/handshake/question.js"
import { type Services } from "../../../src/platform/services.js"

/** Where the engine runs: in Node, or in the machine. */
export interface Side {
    services: Services
    /** with all groups and schemes there are, preferred first */
    keys: KeyOperations
    /** with the hybrid group, too; undefined: there is none */
    hybridKeys: (() => KeyOperations) | undefined
    /** @param der PrivateKeyInfo; undefined: of a kind that nothing here signs with */
    importKey(der: Buffer): PrivateKey | undefined
}

export enum EventKind {
    /** `data`: a datagram */
    packet,
    /** the clock goes on by `time` */
    advance,
    /** the path carries `time` bytes */
    mtu,
    /** the next timeout has to be in `time`; negative: none */
    expectTimeout,
    /** first timeout of the flights to come */
    initialTimeout,
    /** the runner has left */
    end,
    /** it has said nothing for as long as it was waited */
    quiet,
}

/** Times are ms, and may have fractions. */
export interface RunnerEvent {
    kind: EventKind
    time: number
    data: Buffer
}

/** The way to the runner. */
export interface Link {
    /** @param quietAfter ms of real time after which the event `quiet` is given instead; negative: waits for ever */
    next(quietAfter: number): Promise<RunnerEvent>
    sendPacket(data: Buffer): void
    /** The runner hears that its timeout was taken. */
    acknowledgeTimeout(): void
}
