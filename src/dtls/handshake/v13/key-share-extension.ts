import { type AlertDescription } from "../../wire/code-points.js"
import { type Extension } from "../../wire/extensions.js"
import { type HelloExtension } from "../hello-extension.js"

/** The result of a key agreement. */
export interface SharedSecret {
    secret: Buffer
}

/**
 * key_share and supported_groups (RFC 8446 §4.2.7, §4.2.8): the mode psk_dhe_ke, for programs that name it. One object per
 * association; what may suspend is asked as an operation.
 */
export interface KeyShareExtension extends HelloExtension {
    /** psk_ke is neither offered nor taken */
    required: boolean
    /** a secret was agreed on */
    agreed: boolean
    /** Erases the key pair and what was agreed. */
    close(): void

    // Client

    /** The group that the first hello has a share of. */
    firstGroup(): number
    /** Draws the key pair that the hello offers. */
    draw(group: number): Promise<object | undefined>
    /** Extensions of the hello. */
    offers(): Extension[]
    /** The group that a HelloRetryRequest asks for; 0: it is malformed, or may not ask for that one (RFC 8446 §4.2.8) */
    retryGroup(data: Buffer): number
    /** @param data of the ServerHello. @returns undefined: not acceptable */
    finish(data: Buffer): Promise<SharedSecret | undefined>

    // Server

    /** The group to ask the client for, when none of its shares will do but it has others; 0: nothing is to be asked */
    groupToAsk(extensions: Extension[]): number
    /**
     * Takes one of the client's shares.
     * @param asked the group of the HelloRetryRequest; 0: none was asked for
     * @returns `none`; handshake_failure: no group in common; or what else is wrong
     */
    take(extensions: Extension[], asked: number): AlertDescription
    /** @returns undefined: the client's share is no public key of its group */
    agree(): Promise<SharedSecret | undefined>
    /** Of the ServerHello, after `agree`. */
    serverShare(): Extension
}
