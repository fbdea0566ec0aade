import { type Reader } from "../../bytes/reader.js"
import { type Writer } from "../../bytes/writer.js"
import {
    type Aead,
    type CryptoProvider,
    type ExportableProtection,
    type KeyWrapping,
    type RecordProtection,
    type WrappedKeys,
} from "../../crypto/provider.js"
import { type CipherSuite } from "../../handshake/cipher-suite.js"
import { type KeyExchange } from "../../handshake/key-exchange.js"
import { CidForm } from "../../record/v12/cid-protection.js"
import { type ReadEpoch } from "../../record/record-layer.js"
import { DTLS_1_2 } from "../../wire/code-points.js"
import { type Association } from "../association.js"
import { type LastingState } from "../association-state.js"
import { type DriverRole, type HandshakeDriver } from "../handshake-driver.js"
import { type SavedVersion } from "../saved-association.js"
import { SavedError, SavedErrorReason } from "../saved-error.js"

/**
 * The part of DTLS 1.2 in a saved association: the peer's credentials, and the keys of both directions, wrapped by the
 * platform so that the script never sees them.
 * @devsWhenUsed
 */
export class SavedVersionV12 implements SavedVersion {
    version = DTLS_1_2

    constructor(public role: DriverRole) {}

    reservable(_read: ReadEpoch, receive: number): number {
        return receive
    }

    writeRest(writer: Writer, association: Association, wrapper: Aead): void {
        const { parameters, record, settings } = association
        const wrapping = keyWrapping(settings.crypto)
        writer.vector(exchangeOf(association).savePeer(parameters.peerCertificate), 3)
        writeKeys(writer, (record.read as ReadEpoch).protection, wrapping, wrapper)
        writeKeys(writer, record.write.protection as RecordProtection, wrapping, wrapper)
    }

    readRest(
        reader: Reader,
        association: Association,
        state: LastingState,
        suite: CipherSuite,
        wrapper: Aead,
        now: number,
    ): void {
        const savedPeer = reader.vector(3)
        const readingKeys = readKeys(reader)
        const writingKeys = readKeys(reader)
        const { crypto } = association.settings
        const read = protectionOf(readingKeys, crypto, wrapper, state.readEpoch, state.readId)
        const write = protectionOf(writingKeys, crypto, wrapper, state.writeEpoch, state.writeId)
        const driver = association.driver as HandshakeDriver
        driver.close()
        association.onDriven()
        association.restore(state, suite, read, write, now)
        association.parameters.peerCertificate = exchangeOf(association).loadPeer(savedPeer)
        if (state.readId.length > 0) association.record.form = new CidForm(state.readId.length)
    }
}

/** A platform without key wrapping cannot save associations. */
function keyWrapping(crypto: CryptoProvider): KeyWrapping {
    const wrapping = crypto as CryptoProvider & KeyWrapping
    if (wrapping.wrapAead === undefined) throw new SavedError(SavedErrorReason.unsupported)
    return wrapping
}

/** Every suite of DTLS 1.2 has a key exchange. */
function exchangeOf(association: Association): KeyExchange {
    return (association.parameters.suite as CipherSuite).keyExchange as KeyExchange
}

function writeKeys(writer: Writer, protection: RecordProtection, wrapping: KeyWrapping, wrapper: Aead): void {
    const keys = (protection as ExportableProtection).exportKeys(wrapping, wrapper)
    writer.vector(keys.iv, 1)
    writer.vector(keys.wrapped, 1)
}

/** Reads what `writeKeys` wrote. */
function readKeys(reader: Reader): WrappedKeys {
    return { iv: reader.vector(1), wrapped: reader.vector(1) }
}

function protectionOf(
    keys: WrappedKeys,
    crypto: CryptoProvider,
    wrapper: Aead,
    epoch: number,
    id: Buffer,
): RecordProtection {
    const aead = keyWrapping(crypto).unwrapAead(keys.wrapped, wrapper)
    if (aead === undefined) throw new SavedError(SavedErrorReason.notAuthentic)
    return crypto.newProtection(aead, epoch, keys.iv, id)
}
