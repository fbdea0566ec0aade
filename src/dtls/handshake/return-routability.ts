import { copyOf, EMPTY, equal, join } from "../bytes/bytes.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { AlertDescription, ExtensionType } from "../wire/code-points.js"
import { type HelloExtension, OldPath, type PathCheck } from "./hello-extension.js"

/** Messages (RFC 9853 §4): a type and a cookie. */
const PATH_CHALLENGE = 0
const PATH_RESPONSE = 1
const PATH_DROP = 2
const COOKIE_LENGTH = 8

/**
 * Return routability (RFC 9853): whoever sees the peer at a new address asks it to return a cookie from there.
 * @devsWhenUsed
 */
export class ReturnRoutability implements HelloExtension, PathCheck {
    type = ExtensionType.returnRoutabilityCheck
    /** both sides sent the extension */
    agreed = false
    /** of the challenge that waits for its response; empty: none does */
    protected cookie = EMPTY

    offer(): Buffer {
        return EMPTY
    }

    accept(data: Buffer): AlertDescription {
        return this.read(data)
    }

    select(data: Buffer): AlertDescription {
        return this.read(data)
    }

    answer(): Buffer | undefined {
        return EMPTY
    }

    private read(data: Buffer): AlertDescription {
        this.agreed = data.length === 0
        return this.agreed ? AlertDescription.none : AlertDescription.decodeError
    }

    challenge(crypto: CryptoProvider): Buffer {
        this.cookie = crypto.random(COOKIE_LENGTH)
        return this.challengeAgain()
    }

    /**
     * With the same cookie: the response to any copy confirms the path. With a new one, the response to the copy before would
     * be wrong, be a new record itself and bring the next challenge, without an end.
     */
    challengeAgain(): Buffer {
        return join([Buffer.from([PATH_CHALLENGE]), this.cookie])
    }

    isConfirmed(): boolean {
        return this.cookie.length === 0
    }

    /** What is none of these messages, or no answer to a challenge of ours, is dropped (RFC 9853 §4). */
    take(message: Buffer): Buffer | undefined {
        if (!this.agreed || message.length !== 1 + COOKIE_LENGTH) return undefined
        const cookie = copyOf(message, 1, message.length)
        if (message[0] === PATH_CHALLENGE) return join([Buffer.from([PATH_RESPONSE]), cookie])
        if (message[0] === PATH_RESPONSE && equal(cookie, this.cookie)) this.cookie = EMPTY
        return undefined
    }
}

/**
 * Return routability in the enhanced form (RFC 9853 §5.2): the address before the new one is asked first. A peer that is
 * there still stays there, so nobody can lead it to another path by sending its records on, even if they arrive first.
 * @devsWhenUsed
 */
export class EnhancedReturnRoutability extends ReturnRoutability {
    oldPath = OldPath.notAsked

    /** @param isPreferred whether this side wants to stay on the path by which datagrams come to it now */
    constructor(private isPreferred: () => boolean) {
        super()
    }

    override take(message: Buffer): Buffer | undefined {
        if (!this.agreed || message.length !== 1 + COOKIE_LENGTH) return undefined
        const type = message[0]
        const cookie = copyOf(message, 1, message.length)
        if (type === PATH_CHALLENGE)
            return join([Buffer.from([this.isPreferred() ? PATH_RESPONSE : PATH_DROP]), cookie])
        if (equal(cookie, this.cookie)) this.settle(type)
        return undefined
    }

    private settle(type: number): void {
        const isAsked = this.oldPath === OldPath.asked
        // Who does not want the new path does not confirm it.
        if (type !== PATH_RESPONSE && (type !== PATH_DROP || !isAsked)) return
        if (isAsked) this.oldPath = type === PATH_DROP ? OldPath.dropped : OldPath.preferred
        this.cookie = EMPTY
    }
}

/** For `DtlsSettings.extensions`, beside `connectionIds`: return routability in the basic form. */
export function returnRoutability(): (crypto: CryptoProvider) => HelloExtension {
    return () => new ReturnRoutability()
}

/**
 * The same in the enhanced form, in which the address before is asked first.
 * @param isPreferred for programs with several paths: whether this side wants to stay on the one by which datagrams come now;
 * the default is yes
 */
export function enhancedReturnRoutability(isPreferred?: () => boolean): (crypto: CryptoProvider) => HelloExtension {
    return () => new EnhancedReturnRoutability(isPreferred ?? (() => true))
}
