import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { type Association } from "../../../../src/dtls/association/association.js"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { type LaterDriver } from "../../../../src/dtls/association/v13/later-driver.js"
import { UpdateReason } from "../../../../src/dtls/association/v13/later-sender.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { ContentType } from "../../../../src/dtls/wire/code-points.js"
import { wholeMessage } from "../../../../src/dtls/wire/handshake-header.js"
import { KEY_UPDATE } from "../../../../src/dtls/wire/v13/code-points.js"
import { type Simulation } from "../../../engine/simulation.js"
import { messages } from "../../../support/wire.js"
import { simulateV13 } from "./versions.js"

function connected(): Simulation {
    const s = simulateV13()
    s.connect()
    return s
}

/** The driver for messages after the handshake, with its message_seq. */
function later(association: Association): Pick<LaterDriver, "wantUpdate"> & Record<"nextTaken" | "nextSent", number> {
    return association.driver as unknown as ReturnType<typeof later>
}

/** The client updates its keys. */
function update(s: Simulation): void {
    later(s.client).wantUpdate(UpdateReason.asked)
    s.run(s.now + 100)
}

/** Pretends that both sides have sent and received messages up to this number. */
function advanceTo(s: Simulation, seq: number): void {
    later(s.client).nextSent = seq
    later(s.serverAssociation()).nextTaken = seq
}

describe("message_seq in DTLS 1.3 (RFC 9147 §5.2)", () => {
    it("[V29] continues across a HelloRetryRequest and after the handshake", () => {
        const s = connected()
        const [hello, retry, second, flight] = s.log
            .slice(0, 4)
            .map((datagram) => messages(datagram.subarray(0, 13 + datagram.readUInt16BE(11))))
        deepStrictEqual(
            [hello, retry, second, flight].map(([{ header }]) => header.messageSeq),
            [0, 0, 1, 1],
        )
        // Two ClientHello and Finished; HelloRetryRequest, ServerHello, EncryptedExtensions, Finished.
        strictEqual(later(s.client).nextSent, 3)
        strictEqual(later(s.serverAssociation()).nextSent, 4)
        update(s)
        strictEqual(s.client.snapshot().writeEpoch, 4)
        strictEqual(s.serverAssociation().snapshot().nextSeq, 4)
    })

    it("[V29] 65535 is the last: the next message ends the association, and is not sent", () => {
        const s = connected()
        advanceTo(s, 65534)
        for (const epoch of [4, 5]) {
            update(s)
            deepStrictEqual(
                [s.client.snapshot().writeEpoch, s.serverAssociation().snapshot().readEpoch],
                [epoch, epoch],
            )
        }
        const { sent } = s
        update(s)
        strictEqual(s.client.failure?.reason, FailureReason.keysUsedUp)
        strictEqual(s.sent, sent + 1, "an alert")
        strictEqual(s.serverAssociation().failure?.reason, FailureReason.peerAlert)
    })

    it("[V29] after the peer's 65535 no number is new: 0 is a retransmission", () => {
        const s = connected()
        advanceTo(s, 65535)
        update(s)
        const { write } = s.client.record
        for (const seq of [0, 65535]) {
            const again = wholeMessage(KEY_UPDATE, seq, Buffer.of(0))
            s.toServer(write.protection!.sealRecords(ContentType.handshake, write.nextSequence++, [again], true))
            s.drain()
        }
        strictEqual(s.serverAssociation().phase, AssociationPhase.connected)
        strictEqual(s.serverAssociation().snapshot().readEpoch, 4)
    })
})
