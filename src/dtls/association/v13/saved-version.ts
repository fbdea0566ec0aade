import { EMPTY } from "../../bytes/bytes.js"
import { type Reader } from "../../bytes/reader.js"
import { type Writer } from "../../bytes/writer.js"
import { type Aead } from "../../crypto/provider.js"
import { type CipherSuite } from "../../handshake/cipher-suite.js"
import { findHelloExtension } from "../../handshake/hello-extension.js"
import { type AuthenticationExtension } from "../../handshake/v13/authentication.js"
import { type HandshakeV13 } from "../../handshake/v13/handshake.js"
import { ReadEpoch } from "../../record/record-layer.js"
import { ExtensionType } from "../../wire/code-points.js"
import { APPLICATION_EPOCH, DTLS_1_3 } from "../../wire/v13/code-points.js"
import { type Association } from "../association.js"
import { type LastingState } from "../association-state.js"
import { type DriverRole } from "../handshake-driver.js"
import { endOf, type Reserve, type SavedVersion, topOf } from "../saved-association.js"
import { SavedError, SavedErrorReason } from "../saved-error.js"
import { type HandshakeDriverV13 } from "./handshake-driver.js"

/**
 * Saved associations of DTLS 1.3: the traffic secrets of both directions, from which all keys follow, those of later KeyUpdates
 * included, and what comes after a handshake. While there is a saved copy, nothing of that happens without another save: a
 * message is saved before it is sent, and what the peer's messages change before they are acknowledged
 * (`RecordLayer.outdate`). So whoever goes on from the newest copy misses no message, and never seals another record with a
 * number that was used: a message that was under way is sent again.
 * @devsWhenUsed
 */
export class SavedVersionV13 implements SavedVersion {
    version = DTLS_1_3

    constructor(public role: DriverRole) {}

    /** None in an epoch of which nothing has come: its first record waits until that is saved. */
    reservable(read: ReadEpoch, receive: number): number {
        return isUnused(read) ? 0 : receive
    }

    writeRest(writer: Writer, association: Association, wrapper: Aead, reserve: Reserve): void {
        const driver = association.driver as HandshakeDriverV13
        if (!driver.isSettled()) throw new SavedError(SavedErrorReason.handshaking)
        const handshake = driver.handshakeV13()
        const read = association.record.read as ReadEpoch
        const isAhead = isUnused(read) && read.epoch > APPLICATION_EPOCH
        const authentication = authenticationOf(association)
        const { peerCertificate } = association.parameters
        writer.vector(authentication === undefined ? EMPTY : authentication.savePeer(peerCertificate), 3)
        writer.uint(isAhead ? 1 : 0, 1)
        for (const secret of handshake.savedSecrets(wrapper, isAhead)) writer.vector(secret, 1)
        if (isAhead) reserveFormer(writer, read.previous as ReadEpoch, reserve.receive)
        driver.writeLater(writer)
        const ids = handshake.ids()
        if (ids !== undefined) ids.writeSpares(writer)
    }

    readRest(
        reader: Reader,
        association: Association,
        state: LastingState,
        suite: CipherSuite,
        wrapper: Aead,
        now: number,
    ): void {
        const driver = association.driver as HandshakeDriverV13
        const handshake = driver.handshakeV13()
        const authentication = authenticationOf(association)
        const savedPeer = reader.vector(3)
        const isAhead = reader.uint(1) === 1
        if (!handshake.goOnWith(suite, wrapper, [reader.vector(1), reader.vector(1)]))
            throw new SavedError(SavedErrorReason.notAuthentic)
        const former = isAhead ? readFormer(reader, handshake, state.readEpoch - 1) : undefined
        const read = handshake.protection(state.readEpoch, true)
        const write = handshake.protection(state.writeEpoch, false)
        association.restore(state, suite, read, write, now)
        const newest = association.record.read as ReadEpoch
        newest.previous = former
        if (authentication !== undefined) association.parameters.peerCertificate = authentication.loadPeer(savedPeer)
        driver.readLater(reader)
        const ids = handshake.ids()
        if (ids !== undefined) ids.readSpares(reader)
    }
}

/**
 * The peer has begun this epoch and sent nothing in it: it may not know that this side has the keys, and go on in the epoch
 * before. That one is saved, too, until a record has come.
 */
function isUnused(read: ReadEpoch): boolean {
    return read.previous !== undefined && topOf(read) < 0
}

/** Undefined: the program does not name certificates of this version. */
function authenticationOf(association: Association): AuthenticationExtension | undefined {
    const { extensions } = association.settings
    return findHelloExtension(extensions, ExtensionType.signatureAlgorithms) as AuthenticationExtension | undefined
}

/** The replay window of the epoch before, behind what may still be taken of it. */
function reserveFormer(writer: Writer, former: ReadEpoch, receive: number): void {
    const { window } = former
    const top = topOf(former)
    former.end = endOf(top, receive)
    writer.uint((receive > 0 ? top + receive : window.top) + 1, 6)
    writer.uint((receive > 0 ? -1 : window.low) >>> 0, 4)
    writer.uint((receive > 0 ? -1 : window.high) >>> 0, 4)
}

/** In the order of `reserveFormer`; the secret in use is that of this epoch, and the next one's afterwards. */
function readFormer(reader: Reader, handshake: HandshakeV13, epoch: number): ReadEpoch {
    const former = new ReadEpoch(epoch, handshake.protection(epoch, true), undefined)
    const { window } = former
    former.end = 0
    window.top = reader.uint(6) - 1
    window.low = reader.uint(4) | 0
    window.high = reader.uint(4) | 0
    handshake.nextRead()
    return former
}
