import { EMPTY } from "../../bytes/bytes.js"
import { type GroupPair, type KeyOperations, type KeyPair } from "../../crypto/keys.js"
import { type CryptoProvider } from "../../crypto/provider.js"
import { type HelloExtension } from "../../handshake/hello-extension.js"
import { HelloExtensionV13 } from "../../handshake/v13/hello-extension.js"
import { type KeyShareExtension, type SharedSecret } from "../../handshake/v13/key-share-extension.js"
import { AlertDescription, ExtensionType } from "../../wire/code-points.js"
import { type Extension, findExtension } from "../../wire/extensions.js"
import { readNumberList, writeNumberList } from "../../wire/number-list.js"
import { KEY_SHARE } from "../../wire/v13/code-points.js"
import {
    type KeyShare,
    readClientShares,
    readServerShare,
    shareOf,
    writeClientShares,
    writeServerShare,
} from "../../wire/v13/key-share.js"
import { agree, firstCommon } from "../ecdhe.js"

/**
 * For `DtlsSettings.extensions`: forward secrecy in DTLS 1.3 (psk_dhe_ke), so that a pre-shared key that leaks later
 * does not reveal earlier sessions.
 * @param required refuse peers without psk_dhe_ke; otherwise psk_ke is accepted from them
 */
export function keyShares(keys: KeyOperations, required: boolean): (crypto: CryptoProvider) => HelloExtension {
    return () => new KeyShares(keys, required)
}

/** @devsWhenUsed */
class KeyShares extends HelloExtensionV13 implements KeyShareExtension {
    agreed = false
    private pair: KeyPair | undefined
    /** of the key pair, or of the share taken */
    private group = 0
    /** server: first the client's share, then its own */
    private share = EMPTY

    constructor(
        private keys: KeyOperations,
        public required: boolean,
    ) {
        super(KEY_SHARE)
    }

    close(): void {
        if (this.pair !== undefined) this.pair.close()
        this.pair = undefined
        this.share = EMPTY
    }

    // Client

    firstGroup(): number {
        return this.keys.groups[0]
    }

    async draw(group: number): Promise<object | undefined> {
        this.close()
        this.pair = await this.keys.newKeyPair(group)
        this.group = group
        return this
    }

    offers(): Extension[] {
        const { groups } = this.keys
        const shares = this.pairs().map((offered) => shareFrom(offered))
        return [
            { type: ExtensionType.supportedGroups, data: writeNumberList(groups, 2, 2) },
            { type: KEY_SHARE, data: writeClientShares(shares) },
        ]
    }

    /** One for each share in the hello. A HelloRetryRequest asks for a single share (RFC 8446 §4.1.2). */
    private pairs(): GroupPair[] {
        const { pair, group } = this
        if (pair === undefined) return []
        const part = group === this.firstGroup() ? pair.part : undefined
        const isWanted = part !== undefined && this.keys.groups.indexOf(part.group) >= 0
        return part !== undefined && isWanted ? [{ group, pair }, part] : [{ group, pair }]
    }

    retryGroup(data: Buffer): number {
        const group = data.length === 2 ? data[0] * 256 + data[1] : 0
        const isOffered = this.pairs().some((offered) => offered.group === group)
        return !isOffered && this.keys.groups.indexOf(group) >= 0 ? group : 0
    }

    async finish(data: Buffer): Promise<SharedSecret | undefined> {
        const theirs = readServerShare(data)
        if (theirs === undefined) return undefined
        const chosen = this.pairs().find((offered) => offered.group === theirs.group)
        if (chosen === undefined) return undefined
        const secret = await chosen.pair.agree(theirs.share)
        this.agreed = secret !== undefined
        return secret === undefined ? undefined : { secret }
    }

    // Server

    groupToAsk(extensions: Extension[]): number {
        const shares = sharesOf(extensions)
        if (shares === undefined || this.groupAmong(shares) !== undefined) return 0
        return firstCommon(this.keys.groups, groupsOf(extensions)) ?? 0
    }

    private groupAmong(shares: KeyShare[]): number | undefined {
        return firstCommon(
            this.keys.groups,
            shares.map((entry) => entry.group),
        )
    }

    take(extensions: Extension[], asked: number): AlertDescription {
        if (findExtension(extensions, KEY_SHARE) === undefined) return AlertDescription.handshakeFailure
        const shares = sharesOf(extensions)
        if (shares === undefined) return AlertDescription.decodeError
        if (asked !== 0 && (shares.length !== 1 || shares[0].group !== asked)) return AlertDescription.illegalParameter
        const group = this.groupAmong(shares)
        if (group === undefined) return AlertDescription.handshakeFailure
        // The client must support the group of its share (RFC 8446 §4.2.8).
        if (groupsOf(extensions).indexOf(group) < 0) return AlertDescription.illegalParameter
        this.group = group
        this.share = shareOf(shares, group) as Buffer
        return AlertDescription.none
    }

    async agree(): Promise<SharedSecret | undefined> {
        const { keys, group, share } = this
        const agreement = keys.answer === undefined ? await agree(keys, group, share) : await keys.answer(group, share)
        if (agreement === undefined) return undefined
        this.share = agreement.share
        this.agreed = true
        return agreement
    }

    serverShare(): Extension {
        return { type: KEY_SHARE, data: writeServerShare({ group: this.group, share: this.share }) }
    }
}

function shareFrom(offered: GroupPair): KeyShare {
    return { group: offered.group, share: offered.pair.publicKey }
}

function sharesOf(extensions: Extension[]): KeyShare[] | undefined {
    const data = findExtension(extensions, KEY_SHARE)
    return data === undefined ? undefined : readClientShares(data)
}

function groupsOf(extensions: Extension[]): number[] {
    const data = findExtension(extensions, ExtensionType.supportedGroups)
    return data === undefined ? [] : (readNumberList(data, 2, 2) ?? [])
}
