import { type HandshakeMessage } from "../flight/inbox.js"
import { type Handshake } from "./handshake.js"

/** One expected step of the grammar. */
export interface Step {
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
    run: (handshake: Handshake, message: HandshakeMessage) => void
}

/** A side of the handshake, handed to the association. */
export interface Role {
    isClient: boolean
    /** in protocol order */
    steps: Step[]
    /** client: sends the first flight */
    start: (handshake: Handshake) => void
    /** the answer to the question that a step asked; undefined when there is none */
    answer: (handshake: Handshake, value: unknown) => void
}

export function step(
    message: number,
    epoch: number,
    inTranscript: boolean,
    run: (handshake: Handshake, message: HandshakeMessage) => void,
): Step {
    return { message, optional: false, repeats: false, epoch, inTranscript, run }
}

export function optionalStep(
    message: number,
    repeats: boolean,
    inTranscript: boolean,
    run: (handshake: Handshake, message: HandshakeMessage) => void,
): Step {
    return { message, optional: true, repeats, epoch: 0, inTranscript, run }
}
