import { concat, copyOf } from "../bytes/bytes.js"
import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"
import { type Aead } from "../crypto/provider.js"
import { type CipherSuite } from "../handshake/cipher-suite.js"
import { findHelloExtension, type RecordExtension } from "../handshake/hello-extension.js"
import { type AssociationSettings } from "../handshake/settings.js"
import { MAX_SEQUENCE, type ReadEpoch } from "../record/record-layer.js"
import { DTLS_1_0, ExtensionType } from "../wire/code-points.js"
import { Association } from "./association.js"
import { AssociationPhase, type LastingState } from "./association-state.js"
import { type DriverRole } from "./handshake-driver.js"
import { SavedError, SavedErrorReason } from "./saved-error.js"

/*
 * Format of a saved association: version, 1 byte (2: DTLS 1.2, 3: DTLS 1.3), and nonce, 12 bytes; then, sealed with
 * these 13 bytes as additional data, the output of `writeState` and the part of the version, in which keys are sealed
 * once more. Integers are big-endian.
 */
const HEADER_LENGTH = 13

/**
 * The part that a version of DTLS saves beside the common state: its keys, and the state of messages after the
 * handshake. A program names the versions that it exports and imports.
 */
export interface SavedVersion {
    /** code point */
    version: number
    /** role of associations that are loaded */
    role: DriverRole
    /** How many sequence numbers can be reserved for receiving. @param receive how many are wanted */
    reservable(read: ReadEpoch, receive: number): number
    writeRest(writer: Writer, association: Association, wrapper: Aead, reserve: Reserve): void
    /** Reads what `writeRest` wrote; the association goes on. Throws SavedError. */
    readRest(
        reader: Reader,
        association: Association,
        state: LastingState,
        suite: CipherSuite,
        wrapper: Aead,
        now: number,
    ): void
}

/** Bits of the first byte. */
const IS_CLIENT = 1
const EXTENDED_MASTER_SECRET = 2
const PATH_CHECK = 4
const HAS_IDS = 8

/**
 * Sequence numbers, counted from the newest, that the association may still use after it was saved. An association
 * resumed from the saved state begins after them, so nothing that happens in between can lead to a repeated nonce or an
 * accepted replay. 0: the saved state is exact, and this association does nothing more in that direction before it is
 * saved again. A record beyond `receive` is held (`savingWanted`), and the next save reserves numbers for it too.
 */
export interface Reserve {
    send: number
    receive: number
}

/** Saved with the state, for the program that resumes from it. */
export interface SavedNote {
    /** counts how often the association was saved, 0 to 2^32-1 */
    generation: number
    /** the caller's data, such as the peer's address; 0 to 255 bytes */
    text: Buffer
}

/** A resumed association, with the note saved with it. */
export interface LoadedAssociation {
    association: Association
    note: SavedNote
}

/**
 * Saves the association's state, sealed by `wrapper`; from then on the association uses only the numbers of `reserve`.
 * The state may be resumed from elsewhere only once, and has to be saved again before the association sends or
 * receives.
 * @param versions those that the program saves
 * @param wrapper a key not used by the association, with a tag of 16 bytes
 * Throws SavedError: handshaking, in DTLS 1.3 also while the peer has not acknowledged the end of the handshake
 * (`HandshakeDriver.isSettled`); ended, unsupported.
 */
export function saveAssociation(
    association: Association,
    versions: SavedVersion[],
    wrapper: Aead,
    reserve: Reserve,
    note: SavedNote,
): Buffer {
    const { phase, record, settings, peerClosed } = association
    if (phase < AssociationPhase.connected) throw new SavedError(SavedErrorReason.handshaking)
    if (!association.canSend() || peerClosed) throw new SavedError(SavedErrorReason.ended)
    const state = association.lastingState()
    const version = versionOf(versions, state.version)
    const header = concat(Buffer.from([DTLS_1_0 - state.version]), settings.crypto.random(12))
    const read = record.read as ReadEpoch
    const top = topOf(read)
    const receive = version.reservable(read, reserve.receive)
    reserveAhead(state, reserve.send, receive, top)
    const writer = new Writer(320)
    writeState(writer, state, note)
    version.writeRest(writer, association, wrapper, reserve)
    const saved = concat(header, wrapper.seal(copyOf(header, 1, HEADER_LENGTH), header, writer.finish()))
    record.write.end = state.nextSequence
    read.end = endOf(top, receive)
    return saved
}

/** Highest number of a verified record of the epoch, whether it was accepted or is held; -1: none. */
export function topOf(read: ReadEpoch): number {
    return Math.max(read.top, read.heldTop)
}

/** The first number that may not be accepted yet, see `ReadEpoch.end`. */
export function endOf(top: number, receive: number): number {
    return receive > 0 ? top + 1 + receive : 0
}

/** Advances the state past everything that this copy of the association may still do. */
function reserveAhead(state: LastingState, send: number, receive: number, top: number): void {
    state.nextSequence = Math.min(state.nextSequence + send, MAX_SEQUENCE)
    if (receive === 0) return
    state.readTop = top + receive
    state.readLow = -1
    state.readHigh = -1
}

function writeState(writer: Writer, state: LastingState, note: SavedNote): void {
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

/** Reads what `writeState` wrote. */
function readState(reader: Reader, state: LastingState): SavedNote {
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

/**
 * Resumes from a saved state. The association sends and receives nothing before `saveAssociation` has reserved numbers
 * for it, because the same state may be imported again after a crash.
 * @param settings the same as before: its suite, and its extensions if it had any
 * @param versions those that the program can resume
 * @param minimumGeneration generation of the newest copy known to exist; an older one is refused
 * Throws SavedError: notAuthentic, otherRole, otherSettings, outdated, unsupported.
 */
export function loadAssociation(
    settings: AssociationSettings,
    versions: SavedVersion[],
    wrapper: Aead,
    saved: Buffer,
    minimumGeneration: number,
    now: number,
): LoadedAssociation {
    if (saved.length <= HEADER_LENGTH) throw new SavedError(SavedErrorReason.notAuthentic)
    const version = versionOf(versions, DTLS_1_0 - saved[0])
    const { role } = version
    const plaintext = openSaved(wrapper, saved)
    const reader = new Reader(plaintext, 0, plaintext.length)
    const association = new Association(settings, role, 0, 0)
    const state = association.lastingState()
    const note = readState(reader, state)
    if (note.generation < minimumGeneration) throw new SavedError(SavedErrorReason.outdated)
    version.readRest(reader, association, state, suiteOf(settings, role, state), wrapper, now)
    if (!reader.done()) throw new SavedError(SavedErrorReason.notAuthentic)
    return { association, note }
}

/** A version that the program does not name may have been saved by a newer program. */
function versionOf(versions: SavedVersion[], version: number): SavedVersion {
    for (const candidate of versions) {
        if (candidate.version === version) return candidate
    }
    throw new SavedError(SavedErrorReason.unsupported)
}

/** Opens what `saveAssociation` sealed. */
function openSaved(wrapper: Aead, saved: Buffer): Buffer {
    const header = copyOf(saved, 0, HEADER_LENGTH)
    const ciphertext = copyOf(saved, HEADER_LENGTH, saved.length)
    const plaintext = wrapper.open(copyOf(header, 1, HEADER_LENGTH), header, ciphertext)
    if (plaintext === undefined) throw new SavedError(SavedErrorReason.notAuthentic)
    return plaintext
}

function restoreIds(settings: AssociationSettings, state: LastingState): boolean {
    const ids = findHelloExtension(settings.extensions, ExtensionType.connectionId) as RecordExtension | undefined
    return ids !== undefined && ids.restore(state.readId, state.writeId)
}

/** Checks that the settings contain what the association needs. */
function suiteOf(settings: AssociationSettings, role: DriverRole, state: LastingState): CipherSuite {
    if (state.isClient !== role.isClient) throw new SavedError(SavedErrorReason.otherRole)
    const suite = settings.suites.find((candidate) => candidate.id === state.suite)
    if (suite === undefined || (state.hasIds && !restoreIds(settings, state)))
        throw new SavedError(SavedErrorReason.otherSettings)
    return suite
}
