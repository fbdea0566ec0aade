import { copyOf, EMPTY, join } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import {
    type Aead,
    type CryptoProvider,
    type ExportableProtection,
    type KeyWrapping,
    type RecordProtection,
    type WrappedKeys,
} from "../crypto/provider.js"
import { type CipherSuite } from "../handshake/cipher-suite.js"
import { findHelloExtension, type RecordExtension } from "../handshake/hello-extension.js"
import { type KeyExchange } from "../handshake/key-exchange.js"
import { type Role } from "../handshake/role.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { MAX_SEQUENCE, type ReadEpoch } from "../record/record-layer.js"
import { DTLS_1_2, ExtensionType } from "../wire/code-points.js"
import { CidForm } from "../record/v12/cid-protection.js"
import { Association } from "./association.js"
import { AssociationPhase, type AssociationState } from "./association-state.js"
import { SavedError, SavedErrorReason } from "./saved-error.js"

/*
 * A saved association: version 2, nonce 12, then sealed with these 13 bytes as additional data what `writeState` writes.
 * Integers are big-endian. Keys are sealed once more, by the platform, so that the script never has them.
 */
const FORMAT_VERSION = 2
const HEADER_LENGTH = 13

/** Bits of the first byte. */
const IS_CLIENT = 1
const EXTENDED_MASTER_SECRET = 2
const PATH_CHECK = 4
const HAS_IDS = 8

/**
 * Sequence numbers, counted from the newest, that the association may still use once it is saved. What goes on from the
 * saved state begins behind them, so nothing that happens meanwhile can repeat a nonce or let a replay through. 0: the saved
 * state is exact, and this association does nothing more in that direction before it is saved again. A record beyond `receive`
 * is held (`savingWanted`), and the next save reserves numbers for it, too.
 */
export interface Reserve {
    send: number
    receive: number
}

/** What is saved with the state, for whoever goes on from it. */
export interface SavedNote {
    /** counts how often the association was saved, 0 to 2^32-1 */
    generation: number
    /** the caller's, such as the address of the peer; 0 to 255 bytes */
    text: Buffer
}

/** A saved association that goes on, with what was noted beside it. */
export interface LoadedAssociation {
    association: Association
    note: SavedNote
}

/** A platform without key wrapping cannot save associations. */
function keyWrapping(crypto: CryptoProvider): KeyWrapping {
    const wrapping = crypto as CryptoProvider & KeyWrapping
    if (wrapping.wrapAead === undefined) throw new SavedError(SavedErrorReason.unsupported)
    return wrapping
}

/**
 * The association's state, sealed by `wrapper`; from then on it uses the numbers of `reserve` and no others. Whoever goes on
 * from it elsewhere may do so once only, and has to save it anew before it sends or receives.
 * @param wrapper no key of the association; a tag of 16 bytes is wanted
 * Throws SavedError: handshaking, ended, unsupported.
 */
export function saveAssociation(association: Association, wrapper: Aead, reserve: Reserve, note: SavedNote): Buffer {
    const { phase, record, settings, peerClosed } = association
    if (phase < AssociationPhase.connected) throw new SavedError(SavedErrorReason.handshaking)
    const state = association.snapshot()
    if (state.version !== DTLS_1_2) throw new SavedError(SavedErrorReason.unsupported)
    if (!association.canSend() || peerClosed) throw new SavedError(SavedErrorReason.ended)
    const read = record.read as ReadEpoch
    const top = Math.max(state.readTop, read.heldTop)
    reserveAhead(state, reserve, top)
    const writer = new Writer(320)
    writeState(writer, state, note)
    writer.vector(exchangeOf(association).savePeer(association.parameters.peerCertificate), 3)
    const wrapping = keyWrapping(settings.crypto)
    writeKeys(writer, read.protection, wrapping, wrapper)
    writeKeys(writer, record.write.protection as RecordProtection, wrapping, wrapper)
    const header = join([Buffer.from([FORMAT_VERSION]), settings.crypto.random(12)])
    const saved = join([header, wrapper.seal(copyOf(header, 1, HEADER_LENGTH), header, writer.finish())])
    record.write.end = state.nextSequence
    read.end = reserve.receive > 0 ? top + 1 + reserve.receive : 0
    return saved
}

/** Suites of 1.2 have one. */
function exchangeOf(association: Association): KeyExchange {
    return (association.parameters.suite as CipherSuite).keyExchange as KeyExchange
}

/** The state that another copy may go on from: behind everything that this one may still do. */
function reserveAhead(state: AssociationState, reserve: Reserve, top: number): void {
    state.nextSequence = Math.min(state.nextSequence + reserve.send, MAX_SEQUENCE)
    if (reserve.receive === 0) return
    state.readTop = top + reserve.receive
    state.readLow = -1
    state.readHigh = -1
}

function writeState(writer: Writer, state: AssociationState, note: SavedNote): void {
    let flags = 0
    if (state.isClient) flags = flags | IS_CLIENT
    if (state.extendedMasterSecret) flags = flags | EXTENDED_MASTER_SECRET
    if (state.pathCheck) flags = flags | PATH_CHECK
    if (state.hasIds) flags = flags | HAS_IDS
    writer.uint(flags, 1)
    writer.uint(note.generation, 4)
    writer.vector(note.text, 1)
    writer.uint(state.suite, 2)
    writer.bytes(state.clientRandom)
    writer.bytes(state.serverRandom)
    writer.vector(state.identity, 2)
    writer.vector(state.firstFinished, 1)
    writer.vector(state.readId, 1)
    writer.vector(state.writeId, 1)
    writer.vector(Buffer.from(state.protocol), 1)
    writer.uint(state.readEpoch, 2)
    writer.uint(state.readTop + 1, 6)
    writer.uint(state.readLow >>> 0, 4)
    writer.uint(state.readHigh >>> 0, 4)
    writer.uint(state.writeEpoch, 2)
    writer.uint(state.nextSequence, 6)
    writer.uint(state.failedRecords, 4)
    writer.uint(state.readLimit, 2)
    writer.uint(state.writeLimit, 2)
}

/** In the order of `writeState`. */
function readState(reader: Reader, state: AssociationState): SavedNote {
    const flags = reader.uint(1)
    const note = { generation: reader.uint(4), text: reader.vector(1) }
    state.isClient = (flags & IS_CLIENT) !== 0
    state.extendedMasterSecret = (flags & EXTENDED_MASTER_SECRET) !== 0
    state.pathCheck = (flags & PATH_CHECK) !== 0
    state.hasIds = (flags & HAS_IDS) !== 0
    state.suite = reader.uint(2)
    state.clientRandom = reader.bytes(32)
    state.serverRandom = reader.bytes(32)
    state.identity = reader.vector(2)
    state.firstFinished = reader.vector(1)
    state.readId = reader.vector(1)
    state.writeId = reader.vector(1)
    state.protocol = reader.vector(1).toString()
    state.readEpoch = reader.uint(2)
    state.readTop = reader.uint(6) - 1
    state.readLow = reader.uint(4) | 0
    state.readHigh = reader.uint(4) | 0
    state.writeEpoch = reader.uint(2)
    state.nextSequence = reader.uint(6)
    state.failedRecords = reader.uint(4)
    state.readLimit = reader.uint(2)
    state.writeLimit = reader.uint(2)
    return note
}

function writeKeys(writer: Writer, protection: RecordProtection, wrapping: KeyWrapping, wrapper: Aead): void {
    const keys = (protection as ExportableProtection).exportKeys(wrapping, wrapper)
    writer.vector(keys.iv, 1)
    writer.vector(keys.wrapped, 1)
}

/** In the order of `writeKeys`. */
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

/**
 * Goes on from a saved state. The association sends and takes nothing before `saveAssociation` has reserved numbers for it:
 * what was saved may be imported again after a crash.
 * @param settings as they were: its suite, and its extensions where it had any
 * @param minimumGeneration of the newest copy that is known to exist; an older one is refused
 * Throws SavedError: notAuthentic, otherRole, otherSettings, outdated, unsupported.
 */
export function loadAssociation(
    settings: AssociationSettings,
    role: Role,
    wrapper: Aead,
    saved: Buffer,
    minimumGeneration: number,
    now: number,
): LoadedAssociation {
    const plaintext = openSaved(wrapper, saved)
    const reader = new Reader(plaintext, 0, plaintext.length)
    const association = new Association(settings, role, 0, 0)
    const state = association.snapshot()
    const note = readState(reader, state)
    const savedPeer = reader.vector(3)
    const readingKeys = readKeys(reader)
    const writingKeys = readKeys(reader)
    if (!reader.done()) throw new SavedError(SavedErrorReason.notAuthentic)
    if (note.generation < minimumGeneration) throw new SavedError(SavedErrorReason.outdated)
    const suite = suiteOf(settings, role, state)
    const { crypto } = settings
    const read = protectionOf(readingKeys, crypto, wrapper, state.readEpoch, state.readId)
    const write = protectionOf(writingKeys, crypto, wrapper, state.writeEpoch, state.writeId)
    association.restore(state, suite, read, write, now)
    association.parameters.peerCertificate = exchangeOf(association).loadPeer(savedPeer)
    if (state.readId.length > 0) association.record.form = new CidForm(state.readId.length)
    return { association, note }
}

/** What `saveAssociation` sealed. A version that is not known may be a newer program's. */
function openSaved(wrapper: Aead, saved: Buffer): Buffer {
    if (saved.length > 0 && saved[0] !== FORMAT_VERSION) throw new SavedError(SavedErrorReason.unsupported)
    const isWhole = saved.length > HEADER_LENGTH
    const header = isWhole ? copyOf(saved, 0, HEADER_LENGTH) : EMPTY
    const plaintext = isWhole
        ? wrapper.open(copyOf(header, 1, HEADER_LENGTH), header, copyOf(saved, HEADER_LENGTH, saved.length))
        : undefined
    if (plaintext === undefined) throw new SavedError(SavedErrorReason.notAuthentic)
    return plaintext
}

function restoreIds(settings: AssociationSettings, state: AssociationState): boolean {
    const ids = findHelloExtension(settings.extensions, ExtensionType.connectionId) as RecordExtension | undefined
    return ids !== undefined && ids.restore(state.readId, state.writeId)
}

/** Checks that the settings have what the association needs. */
function suiteOf(settings: AssociationSettings, role: Role, state: AssociationState): CipherSuite {
    if (state.isClient !== role.isClient) throw new SavedError(SavedErrorReason.otherRole)
    const suite = settings.suites.find((candidate) => candidate.id === state.suite)
    if (suite === undefined || (state.hasIds && !restoreIds(settings, state)))
        throw new SavedError(SavedErrorReason.otherSettings)
    return suite
}
