import { EMPTY } from "../../bytes/bytes.js"
import { type Reader } from "../../bytes/reader.js"
import { type Writer } from "../../bytes/writer.js"
import { type Aead } from "../../crypto/provider.js"
import { type CryptoV13, type Secret } from "../../crypto/v13/provider.js"
import { TrafficSecrets } from "../../crypto/v13/traffic-secrets.js"
import { type CipherSuite } from "../../handshake/cipher-suite.js"
import { findHelloExtension } from "../../handshake/hello-extension.js"
import { type AssociationSettings } from "../../handshake/settings.js"
import { type AuthenticationExtension } from "../../handshake/v13/authentication.js"
import { idsOf, protectionBy } from "../../handshake/v13/lasting-extensions.js"
import { ReadEpoch } from "../../record/record-layer.js"
import { ExtensionType } from "../../wire/code-points.js"
import { APPLICATION_EPOCH, DTLS_1_3 } from "../../wire/v13/code-points.js"
import { type Association } from "../association.js"
import { type LastingState } from "../association-state.js"
import { type Driver } from "../driver.js"
import { type DriverRole } from "../handshake-driver.js"
import { endOf, type Reserve, type SavedVersion, topOf } from "../saved-association.js"
import { SavedError, SavedErrorReason } from "../saved-error.js"
import { LaterDriver } from "./later-driver.js"

/**
 * The part of DTLS 1.3 in a saved association: the traffic secrets of both directions, from which all current and later
 * keys are derived, and the state of messages after the handshake. While a saved copy exists, that state changes only
 * together with another save: a message of ours is saved before it is sent, and changes made by the peer's messages
 * before these are acknowledged (`RecordLayer.outdate`). So an association resumed from the newest copy misses no
 * message and never reuses a sequence number; a message that was under way is sent again.
 * @devsWhenUsed
 */
export class SavedVersionV13 implements SavedVersion {
    version = DTLS_1_3

    constructor(public role: DriverRole) {}

    /** None in an epoch in which nothing was received: its first record is held until the epoch is saved. */
    reservable(read: ReadEpoch, receive: number): number {
        return isUnused(read) ? 0 : receive
    }

    writeRest(writer: Writer, association: Association, wrapper: Aead, reserve: Reserve): void {
        const driver = association.driver as LaterDriver
        if (!driver.isSettled()) throw new SavedError(SavedErrorReason.handshaking)
        const { settings, parameters, record } = association
        const read = record.read as ReadEpoch
        const isAhead = isUnused(read) && read.epoch > APPLICATION_EPOCH
        const authentication = authenticationOf(settings)
        writer.vector(authentication === undefined ? EMPTY : authentication.savePeer(parameters.peerCertificate), 3)
        writer.uint(isAhead ? 1 : 0, 1)
        writeSecrets(writer, driver.secrets, isAhead, cryptoOf(settings), wrapper)
        if (isAhead) reserveFormer(writer, read.previous as ReadEpoch, reserve.receive)
        driver.save(writer)
        const ids = idsOf(settings)
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
        const { settings, parameters, record } = association
        const authentication = authenticationOf(settings)
        const savedPeer = reader.vector(3)
        const isAhead = reader.uint(1) === 1
        const secrets = readSecrets(reader, cryptoOf(settings), wrapper, suite)
        const { readEpoch, writeEpoch } = state
        const former = isAhead ? readFormer(reader, secrets, settings, suite, readEpoch - 1) : undefined
        const read = protectionBy(secrets.read, settings, suite, readEpoch, true)
        const write = protectionBy(secrets.write, settings, suite, writeEpoch, false)
        const handshaking = association.driver as Driver
        handshaking.close()
        association.restore(state, suite, read, write, now)
        const newest = record.read as ReadEpoch
        newest.previous = former
        if (authentication !== undefined) parameters.peerCertificate = authentication.loadPeer(savedPeer)
        const driver = new LaterDriver(association, secrets, 0, 0)
        association.onHandedOver(driver, parameters)
        driver.load(reader)
        const ids = idsOf(settings)
        if (ids !== undefined) ids.readSpares(reader)
    }
}

/**
 * Writes the peer's secret, then this side's, each sealed by `wrapper`. @param former the peer's before its last
 * KeyUpdate
 */
function writeSecrets(
    writer: Writer,
    secrets: TrafficSecrets,
    former: boolean,
    crypto: CryptoV13,
    wrapper: Aead,
): void {
    writer.vector(crypto.wrapSecret(former ? (secrets.former as Secret) : secrets.read, wrapper), 1)
    writer.vector(crypto.wrapSecret(secrets.write, wrapper), 1)
}

/** Reads what `writeSecrets` wrote. */
function readSecrets(reader: Reader, crypto: CryptoV13, wrapper: Aead, suite: CipherSuite): TrafficSecrets {
    const read = crypto.unwrapSecret(reader.vector(1), wrapper, suite.hash)
    const write = crypto.unwrapSecret(reader.vector(1), wrapper, suite.hash)
    if (read === undefined || write === undefined) throw new SavedError(SavedErrorReason.notAuthentic)
    return new TrafficSecrets(read, write)
}

function cryptoOf(settings: AssociationSettings): CryptoV13 {
    return settings.crypto as unknown as CryptoV13
}

/**
 * Whether the peer has begun this epoch without sending anything in it. It may not know that this side has the keys,
 * and continue in the previous epoch, which is therefore saved too until a record comes.
 */
function isUnused(read: ReadEpoch): boolean {
    return read.previous !== undefined && topOf(read) < 0
}

/** Undefined: the program does not use certificates in this version. */
function authenticationOf(settings: AssociationSettings): AuthenticationExtension | undefined {
    const { extensions } = settings
    return findHelloExtension(extensions, ExtensionType.signatureAlgorithms) as AuthenticationExtension | undefined
}

/** Writes the previous epoch's replay window, advanced past what may still be accepted in it. */
function reserveFormer(writer: Writer, former: ReadEpoch, receive: number): void {
    const top = topOf(former)
    former.end = endOf(top, receive)
    writer.uint((receive > 0 ? top + receive : former.top) + 1, 6)
    writer.uint((receive > 0 ? -1 : former.low) >>> 0, 4)
    writer.uint((receive > 0 ? -1 : former.high) >>> 0, 4)
}

/** Reads what `reserveFormer` wrote. The secret in use is that epoch's, and the next one's afterwards. */
function readFormer(
    reader: Reader,
    secrets: TrafficSecrets,
    settings: AssociationSettings,
    suite: CipherSuite,
    epoch: number,
): ReadEpoch {
    const former = new ReadEpoch(epoch, protectionBy(secrets.read, settings, suite, epoch, true), undefined)
    former.end = 0
    former.top = reader.uint(6) - 1
    former.low = reader.uint(4) | 0
    former.high = reader.uint(4) | 0
    secrets.updateRead()
    return former
}
