import { concat, copyOf, EMPTY, equal } from "../bytes/bytes.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { AlertDescription, ExtensionType } from "../wire/code-points.js"
import { type HelloExtension, OldPath, type PathCheck } from "./hello-extension.js"

/** Message types (RFC 9853 §4); a cookie follows. */
const PATH_CHALLENGE = 0
const PATH_RESPONSE = 1
const PATH_DROP = 2
const COOKIE_LENGTH = 8

/**
 * Return routability (RFC 9853): when the peer is seen at a new address, it is asked to return a cookie from there.
 * @devsWhenUsed
 */
export class ReturnRoutability implements HelloExtension, PathCheck {
    type = ExtensionType.returnRoutabilityCheck
    /** both sides sent the extension */
    agreed = false
    /** of the outstanding challenge; empty: there is none */
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
     * Repeats the same cookie, so that the response to any copy confirms the path. With a new cookie, the response to
     * an earlier copy would be wrong and, being a newest record itself, trigger the next challenge, without end.
     */
    challengeAgain(): Buffer {
        return concat(Buffer.from([PATH_CHALLENGE]), this.cookie)
    }

    isConfirmed(): boolean {
        return this.cookie.length === 0
    }

    /** Messages of another type, and responses to no challenge of ours, are dropped (RFC 9853 §4). */
    take(message: Buffer): Buffer | undefined {
        if (!this.agreed || message.length !== 1 + COOKIE_LENGTH) return undefined
        const cookie = copyOf(message, 1, message.length)
        if (message[0] === PATH_CHALLENGE) return concat(Buffer.from([PATH_RESPONSE]), cookie)
        if (message[0] === PATH_RESPONSE && equal(cookie, this.cookie)) this.cookie = EMPTY
        return undefined
    }
}

/**
 * Return routability in the enhanced form (RFC 9853 §5.2): the old address is challenged before the new one is used. A
 * peer that is still there stays there, so an attacker cannot lead it to another path by forwarding its records, even
 * if they arrive first.
 * @devsWhenUsed
 */
export class EnhancedReturnRoutability extends ReturnRoutability {
    oldPath = OldPath.notAsked

    /** @param isPreferred whether this side wants to keep the path by which datagrams arrive now */
    constructor(private isPreferred: () => boolean) {
        super()
    }

    override take(message: Buffer): Buffer | undefined {
        if (!this.agreed || message.length !== 1 + COOKIE_LENGTH) return undefined
        const type = message[0]
        const cookie = copyOf(message, 1, message.length)
        if (type === PATH_CHALLENGE)
            return concat(Buffer.from([this.isPreferred() ? PATH_RESPONSE : PATH_DROP]), cookie)
        if (equal(cookie, this.cookie)) this.settle(type)
        return undefined
    }

    private settle(type: number): void {
        const isAsked = this.oldPath === OldPath.asked
        // A side that does not want the new path does not confirm it.
        if (type !== PATH_RESPONSE && (type !== PATH_DROP || !isAsked)) return
        if (isAsked) this.oldPath = type === PATH_DROP ? OldPath.dropped : OldPath.preferred
        this.cookie = EMPTY
    }
}

/** For `DtlsSettings.extensions`, together with `connectionIds`: return routability in the basic form. */
export function returnRoutability(): (crypto: CryptoProvider) => HelloExtension {
    return () => new ReturnRoutability()
}

/**
 * Return routability in the enhanced form, which challenges the old address first.
 * @param isPreferred for programs with several paths: whether this side wants to keep the one by which datagrams arrive
 * now; the default is yes
 */
export function enhancedReturnRoutability(isPreferred?: () => boolean): (crypto: CryptoProvider) => HelloExtension {
    return () => new EnhancedReturnRoutability(isPreferred ?? (() => true))
}
