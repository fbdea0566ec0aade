import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { AlertDescription, ContentType } from "../../../../src/dtls/wire/code-points.js"
import { readClientHello, writeClientHello } from "../../../../src/dtls/wire/client-hello.js"
import { type Extension, findExtension } from "../../../../src/dtls/wire/extensions.js"
import { COOKIE, PRE_SHARED_KEY, PSK_KEY_EXCHANGE_MODES } from "../../../../src/dtls/wire/v13/code-points.js"
import { readOfferedPsks } from "../../../../src/dtls/wire/v13/extensions.js"
import { IDENTITY, type Simulation } from "../../../engine/simulation.js"
import { handshake, messages } from "../../../support/wire.js"
import { simulateV13 } from "./versions.js"

/** Type of early_data (RFC 8446 §4.2.10). */
const EARLY_DATA = 42

type Change = (extensions: Extension[]) => Extension[]

/** Modifies the client's hello with a cookie on its way, or both hellos. */
function changeHellos(s: Simulation, change: Change, both: boolean): void {
    s.fault = (_index, toServer, data) => {
        if (!toServer || data[0] !== ContentType.handshake) return [5]
        const [message] = messages(data)
        const hello = readClientHello(message.body)!
        if (!both && findExtension(hello.extensions, COOKIE) === undefined) return [5]
        const changed = writeClientHello({ ...hello, extensions: change(hello.extensions) })
        s.toServer(handshake(message.header.type, message.header.messageSeq, changed))
        return []
    }
}

/** The alert of a handshake whose second hello, or both, are modified. */
function alertOf(change: Change, both = false): AlertDescription | undefined {
    const s = simulateV13()
    changeHellos(s, change, both)
    s.begin()
    s.run(100000)
    return s.serverAssociation().failure?.alert
}

const { illegalParameter, decodeError, decryptError, handshakeFailure } = AlertDescription

function changedPsk(extensions: Extension[], change: (data: Buffer) => Buffer): Extension[] {
    return extensions.map((one) => (one.type === PRE_SHARED_KEY ? { ...one, data: change(one.data) } : one))
}

describe("pre-shared keys in hellos of DTLS 1.3", () => {
    it("[V24] come last: elsewhere they are illegal_parameter", () => {
        strictEqual(
            alertOf((extensions) => [extensions.at(-1)!, ...extensions.slice(0, -1)]),
            illegalParameter,
        )
    })

    it("[V24] that are malformed are decode_error: truncated, without identities or binders, or one binder too few", () => {
        const two = Buffer.from("0000", "hex")
        const cases: ((data: Buffer) => Buffer)[] = [
            (data) => data.subarray(0, -1),
            () => Buffer.concat([two, two]),
            (data) => Buffer.concat([data.subarray(0, -35), two]),
        ]
        for (const change of cases)
            strictEqual(
                alertOf((extensions) => changedPsk(extensions, change)),
                decodeError,
            )
    })

    it("[V24] are bound to all of the hello before the binders: each change is decrypt_error", () => {
        const flip = (data: Buffer, at: number): Buffer => {
            const copy = Buffer.from(data)
            copy[at] ^= 1
            return copy
        }
        // The binder itself, and the age of an external key, which servers ignore.
        for (const at of [-1, -36])
            strictEqual(
                alertOf((extensions) => changedPsk(extensions, (data) => flip(data, data.length + at))),
                decryptError,
            )
    })

    it("[V24] need psk_key_exchange_modes beside them", () => {
        strictEqual(
            alertOf((extensions) => extensions.filter(({ type }) => type !== PSK_KEY_EXCHANGE_MODES), true),
            handshakeFailure,
        )
    })

    it("[V24] external ones have an age of 0", () => {
        const s = simulateV13()
        s.connect()
        const sent = readClientHello(messages(s.log[0])[0].body)!
        const offered = readOfferedPsks(findExtension(sent.extensions, PRE_SHARED_KEY)!)!
        deepStrictEqual(
            offered.map(({ identity, age }) => [identity.toString(), age]),
            [[IDENTITY, 0]],
        )
    })
})

describe("early data of DTLS 1.3", () => {
    it("[V26] is not accepted: the offer goes unanswered, the records are dropped, the handshake completes", () => {
        const offering = { type: EARLY_DATA, offer: () => Buffer.alloc(0), answer: () => undefined }
        const judged = { accept: () => AlertDescription.unsupportedExtension, select: () => AlertDescription.none }
        const s = simulateV13((client) => (client.extensions = [{ ...offering, ...judged }]))
        // Epoch 1 in a unified header, 16-bit number, no length (RFC 9147 §4).
        const early = Buffer.concat([Buffer.from([0x29, 0, 0]), Buffer.alloc(40, 5)])
        s.fault = (_index, toServer) => {
            if (toServer && s.client.phase !== AssociationPhase.connected) s.toServer(early)
            return [5]
        }
        s.connect()
        strictEqual(s.client.phase, AssociationPhase.connected)
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        s.fault = () => [5]
        s.clientSends("late enough")
        s.run(2000)
        deepStrictEqual(s.serverMessages, ["late enough"])
    })
})
