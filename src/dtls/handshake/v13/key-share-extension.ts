import { type AlertDescription } from "../../wire/code-points.js"
import { type Extension } from "../../wire/extensions.js"
import { type HelloExtension } from "../hello-extension.js"

/** The result of a key agreement. */
export interface SharedSecret {
    secret: Buffer
}

/**
 * key_share and supported_groups (RFC 8446 §4.2.7, §4.2.8): the mode psk_dhe_ke, for programs that name it. One object
 * per association; operations that may suspend are asked as questions.
 */
export interface KeyShareExtension extends HelloExtension {
    /** psk_ke is neither offered nor accepted */
    required: boolean
    /** a shared secret was agreed on */
    agreed: boolean
    /** Erases the key pair and the shared secret. */
    close(): void

    // Client

    /** The group for which the first hello contains a share. */
    firstGroup(): number
    /** Generates the key pair for the hello. */
    draw(group: number): Promise<object | undefined>
    /** Extensions of the ClientHello. */
    offers(): Extension[]
    /**
     * The group requested by a HelloRetryRequest; 0: it is malformed, or must not request that group (RFC 8446 §4.2.8)
     */
    retryGroup(data: Buffer): number
    /** @param data from the ServerHello. @returns undefined: not acceptable */
    finish(data: Buffer): Promise<SharedSecret | undefined>

    // Server

    /**
     * The group to request from the client if none of its shares is usable but another of its groups is; 0: request
     * nothing
     */
    groupToAsk(extensions: Extension[]): number
    /**
     * Takes one of the client's shares.
     * @param asked group of the HelloRetryRequest; 0: none was requested
     * @returns `none`; handshake_failure: no group in common; otherwise the alert for what is wrong
     */
    take(extensions: Extension[], asked: number): AlertDescription
    /** @returns undefined: the client's share is not a public key of its group */
    agree(): Promise<SharedSecret | undefined>
    /** The extension for the ServerHello, after `agree`. */
    serverShare(): Extension
}
