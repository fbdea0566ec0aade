import { type KeyOperations } from "../crypto/keys.js"
import { type ClientExchangeContext, type KeyExchange, type ServerExchangeContext } from "../handshake/key-exchange.js"
import { type PeerCertificate } from "../handshake/question.js"
import { AlertDescription, ExtensionType } from "../wire/code-points.js"
import { type Extension, findExtension } from "../wire/extensions.js"
import { writeNumberList } from "../wire/number-list.js"
import { beginClient } from "./certificate-client.js"
import { beginServer } from "./certificate-server.js"
import {
    type CertificateExchange,
    type CertificateOptions,
    offerTypes,
    schemesOfClient,
    type SignatureKind,
} from "./certificate-types.js"
import { allowsUncompressed, offeredGroups, selectGroup } from "./ecdhe.js"
import { readSavedPeer, writeSavedPeer } from "./saved-peer.js"

/**
 * Ephemeral ECDH, signed with the key of a certificate or a raw public key (RFC 8422 §2, RFC 7250).
 * @devsWhenUsed
 */
export class EcdheCertificateKeyExchange implements KeyExchange, CertificateExchange {
    signsMessages = true

    constructor(
        public keys: KeyOperations,
        public kind: SignatureKind,
        public options: CertificateOptions,
    ) {}

    offers(): Extension[] {
        const { keys, options } = this
        const list = offeredGroups(keys)
        list.push({ type: ExtensionType.signatureAlgorithms, data: writeNumberList(keys.schemes, 2, 2) })
        offerTypes(list, ExtensionType.clientCertificateType, options.ownTypes)
        offerTypes(list, ExtensionType.serverCertificateType, options.peerTypes)
        return list
    }

    accept(_context: ClientExchangeContext, type: number, data: Buffer): AlertDescription {
        const { ownTypes, peerTypes } = this.options
        if (type === ExtensionType.ecPointFormats)
            return allowsUncompressed(data) ? AlertDescription.none : AlertDescription.illegalParameter
        if (type === ExtensionType.clientCertificateType) return acceptType(ownTypes, data)
        if (type === ExtensionType.serverCertificateType) return acceptType(peerTypes, data)
        return AlertDescription.unsupportedExtension
    }

    beginClient(context: ClientExchangeContext, extensions: Extension[]): void {
        beginClient(context, this, extensions)
    }

    isUsable(extensions: Extension[]): boolean {
        const formats = findExtension(extensions, ExtensionType.ecPointFormats)
        const group = selectGroup(this.keys, extensions)
        return group !== undefined && allowsUncompressed(formats) && schemesOfClient(this, extensions).length > 0
    }

    beginServer(context: ServerExchangeContext, extensions: Extension[]): void {
        beginServer(context, this, extensions)
    }

    savePeer(peer: PeerCertificate | undefined): Buffer {
        return writeSavedPeer(peer)
    }

    loadPeer(saved: Buffer): PeerCertificate | undefined {
        return readSavedPeer(saved)
    }
}

function acceptType(offered: number[], data: Buffer): AlertDescription {
    if (data.length !== 1) return AlertDescription.decodeError
    return offered.indexOf(data[0]) >= 0 ? AlertDescription.none : AlertDescription.illegalParameter
}
