import * as ds from "@devicescript/core"
import { blit, copyOf } from "../../../dtls/bytes/bytes.js"
import { writeUint } from "../../../dtls/bytes/integers.js"
import { type AeadParameters } from "../../../dtls/crypto/algorithms.js"
import {
    type IdListener,
    type ProtectionWithId,
    type RecordContext,
    type Secret,
} from "../../../dtls/crypto/v13/provider.js"
import { overheadOf } from "../../../dtls/record/v13/protection.js"
import { HeaderBit, ID_AT } from "../../../dtls/record/v13/unified-header.js"
import "../natives.js"
import {
    FORM_V13,
    STATE_EPOCH,
    STATE_FORM,
    STATE_HANDLE,
    STATE_ID_LENGTH,
    STATE_LENGTH,
    STATE_RECORD_LENGTH,
    STATE_TYPE,
} from "../record-state.js"

/**
 * A secret behind a handle: the script never sees its bytes.
 * @devsWhenUsed
 */
export class RuntimeSecret implements Secret {
    handle: number

    constructor(handle: number) {
        this.handle = ds._moteCryptoOwned(handle, this)
    }

    expandLabel(label: string, context: Buffer, length: number): Buffer {
        return ds._moteSecretExpand(this.handle, label, context, length)
    }

    deriveSecret(label: string, context: Buffer): Secret {
        return new RuntimeSecret(ds._moteSecretDerive(this.handle, label, context))
    }

    nextSecret(input: Buffer): Secret {
        return new RuntimeSecret(ds._moteSecretNext(this.handle, input))
    }

    verifyData(label: string, transcriptHash: Buffer): Buffer {
        return ds._moteSecretVerifyData(this.handle, label, transcriptHash)
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

/**
 * Seals and opens whole records of DTLS 1.3 by one native call, including number encryption.
 * @devsWhenUsed
 */
export class RuntimeProtectionV13 implements ProtectionWithId {
    overhead: number
    private state: Buffer
    private handle: number
    private epoch: number
    private ids: IdListener | undefined
    private idLength: number

    constructor(context: RecordContext) {
        const { secret, aead, epoch, id, reading, ids } = context
        this.handle = keysOf(secret, aead, this)
        this.epoch = epoch
        this.ids = ids
        this.idLength = id.length
        this.overhead = overheadOf(id, reading, aead.tagLength)
        this.state = newState(this.handle, epoch, id)
    }

    setId(id: Buffer): void {
        this.overhead += id.length - this.idLength
        this.idLength = id.length
        this.state = newState(this.handle, this.epoch, id)
    }

    sealRecords(type: number, sequence: number, messages: Buffer[], endsDatagram: boolean): Buffer {
        return ds._moteRecordSeal(this.state, type, sequence, messages, endsDatagram)
    }

    sequenceOf(datagram: Buffer, at: number, end: number, expected: number): number {
        return ds._moteRecordSequence(this.state, datagram, at, end, expected)
    }

    lengthOf(_datagram: Buffer, _at: number): number {
        const { state } = this
        return state[STATE_RECORD_LENGTH] * 256 + state[STATE_RECORD_LENGTH + 1]
    }

    openRecord(datagram: Buffer, at: number, end: number, sequence: number): Buffer | null | undefined {
        const { ids } = this
        const plaintext = ds._moteRecordOpen(this.state, datagram, at, end, sequence)
        if (!(plaintext instanceof Buffer)) return plaintext
        // The additional data also contains the id, so it is this association's.
        if (ids !== undefined && ids.given.length > 0 && (datagram[at] & HeaderBit.id) !== 0)
            ids.use(copyOf(datagram, at + ID_AT, at + ID_AT + this.idLength))
        return plaintext
    }

    openedType(): number {
        return this.state[STATE_TYPE]
    }

    close(): void {
        ds._moteCryptoClose(this.handle)
    }
}

function keysOf(secret: Secret, aead: AeadParameters, owner: object): number {
    const keys = ds._moteRecordKeys((secret as RuntimeSecret).handle, aead.algorithm)
    return ds._moteCryptoOwned(keys, owner)
}

function newState(handle: number, epoch: number, id: Buffer): Buffer {
    const state = Buffer.alloc(STATE_LENGTH + id.length)
    state[STATE_FORM] = FORM_V13
    writeUint(state, STATE_HANDLE, handle, 2)
    writeUint(state, STATE_EPOCH, epoch, 2)
    state[STATE_ID_LENGTH] = id.length
    blit(state, STATE_LENGTH, id, 0, id.length)
    return state
}
