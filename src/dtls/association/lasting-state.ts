import { EMPTY } from "../bytes/bytes.js"
import { type Alpn } from "../handshake/alpn.js"
import { type CipherSuite } from "../handshake/cipher-suite.js"
import { type HelloExtension, type PathCheck, type RecordExtension } from "../handshake/hello-extension.js"
import { type SecurityParameters } from "../handshake/security-parameters.js"
import { type RecordLayer } from "../record/record-layer.js"
import { ExtensionType } from "../wire/code-points.js"
import { type LastingState } from "./association-state.js"

/*
 * The state of an association that outlives a restart: read from the objects that hold it, and put back into them. The
 * record layer restores its own part.
 */

/** What has the state. */
export interface StateOwner {
    isClient: boolean
    parameters: SecurityParameters
    record: RecordLayer
    /** The return routability check; undefined when it is not configured. */
    pathCheck(): PathCheck | undefined
    /** The extension of a type; undefined when it is not configured. */
    extension(type: number): HelloExtension | undefined
}

/** The state to save, as of now. */
export function lastingStateOf(owner: StateOwner): LastingState {
    const { record, parameters } = owner
    const { read, write } = record
    const ids = owner.extension(ExtensionType.connectionId) as RecordExtension | undefined
    const check = owner.pathCheck()
    const alpn = owner.extension(ExtensionType.applicationLayerProtocolNegotiation) as Alpn | undefined
    return {
        isClient: owner.isClient,
        version: parameters.version,
        suite: parameters.suite === undefined ? 0 : parameters.suite.id,
        clientRandom: parameters.clientRandom,
        serverRandom: parameters.serverRandom,
        extendedMasterSecret: parameters.extendedMasterSecret,
        identity: parameters.identity,
        firstFinished: parameters.firstFinished,
        readEpoch: record.readEpoch(),
        readTop: read === undefined ? -1 : read.top,
        readLow: read === undefined ? 0 : read.low,
        readHigh: read === undefined ? 0 : read.high,
        writeEpoch: write.epoch,
        nextSequence: write.nextSequence,
        failedRecords: record.failedRecords,
        readLimit: record.readLimit,
        writeLimit: record.writeLimit,
        hasIds: ids !== undefined && ids.agreed,
        readId: ids === undefined ? EMPTY : ids.recordId(true),
        writeId: ids === undefined ? EMPTY : ids.recordId(false),
        pathCheck: check !== undefined && check.agreed,
        protocol: alpn === undefined ? "" : (alpn.selected ?? ""),
    }
}

/**
 * Puts a state back, but for the record layer's part.
 * @param suite the cipher suite that the state has the code point of
 */
export function restoreState(owner: StateOwner, state: LastingState, suite: CipherSuite): void {
    const { parameters } = owner
    parameters.suite = suite
    parameters.clientRandom = state.clientRandom
    parameters.serverRandom = state.serverRandom
    parameters.extendedMasterSecret = state.extendedMasterSecret
    parameters.identity = state.identity
    parameters.firstFinished = state.firstFinished
    parameters.complete = true
    const check = owner.pathCheck()
    const alpn = owner.extension(ExtensionType.applicationLayerProtocolNegotiation) as Alpn | undefined
    // State of an extension that is no longer configured is dropped. Connection ids are restored earlier.
    if (check !== undefined) check.agreed = state.pathCheck
    if (alpn !== undefined && state.protocol.length > 0) alpn.selected = state.protocol
}
