import { type HandshakeMessage } from "../flight/inbox.js"

/** One expected step of the grammar, for a handshake `H`. */
export interface Step<H> {
    /** HandshakeType; changeCipherSpec for the record of that type */
    message: number
    /** the next step may come instead */
    optional: boolean
    /** the same step may come again (HelloVerifyRequest) */
    repeats: boolean
    /** epoch the message must come in */
    epoch: number
    /**
     * whether it enters the transcript once its step has run; a step that answers at once, or compares the transcript
     * before this message, adds it by itself
     */
    inTranscript: boolean
    /** Checks everything first: a step that fails has changed nothing, so that a true message can still take its place. */
    run: (handshake: H, message: HandshakeMessage) => void
}

export function step<H>(
    message: number,
    epoch: number,
    inTranscript: boolean,
    run: (handshake: H, message: HandshakeMessage) => void,
): Step<H> {
    return { message, optional: false, repeats: false, epoch, inTranscript, run }
}

/** Of epoch 0. */
export function optionalStep<H>(
    message: number,
    repeats: boolean,
    inTranscript: boolean,
    run: (handshake: H, message: HandshakeMessage) => void,
): Step<H> {
    return { message, optional: true, repeats, epoch: 0, inTranscript, run }
}
