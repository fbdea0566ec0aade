import { type HandshakeMessage } from "../flight/inbox.js"

/** One expected step of a handshake `H`. */
export interface Step<H> {
    /** HandshakeType; changeCipherSpec for a record of that type */
    message: number
    /** the next step may come instead */
    optional: boolean
    /** the step may be repeated (HelloVerifyRequest) */
    repeats: boolean
    /** epoch in which the message must come */
    epoch: number
    /**
     * whether the message is added to the transcript after its step; a step that replies at once, or compares the
     * transcript before this message, adds it itself
     */
    inTranscript: boolean
    /**
     * Checks everything first: a step that fails has changed nothing, so the genuine message can still take its place.
     */
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

/** An optional step of epoch 0. */
export function optionalStep<H>(
    message: number,
    repeats: boolean,
    inTranscript: boolean,
    run: (handshake: H, message: HandshakeMessage) => void,
): Step<H> {
    return { message, optional: true, repeats, epoch: 0, inTranscript, run }
}
