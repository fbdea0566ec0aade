import * as ds from "@devicescript/core"
import { type Association } from "../../src/dtls/association/association.js"
import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { type Output, OutputKind } from "../../src/dtls/association/output.js"
import { NEVER } from "../../src/dtls/flight/retransmission.js"
import { IDENTITY, testKey } from "../engine/simulation.js"
import { Application, type FuzzEvent } from "./events.js"
import "./natives.js"
import { isReadable } from "./pair.js"
import { promise } from "./target.js"
import { fatalAlerts } from "./wire-checks.js"

/** Length of an application message that the fuzzed side sends, bytes. */
const MESSAGE = 32

/**
 * One association, and the properties that must hold for any input.
 * @devsWhenUsed
 */
export class Watch {
    private fatals = 0
    private failures = 0
    private connections: number

    constructor(public association: Association) {
        this.connections = association.phase === AssociationPhase.connected ? 1 : 0
    }

    /** Processes the association's outputs. */
    drain(): void {
        const { association } = this
        for (let output = association.poll(); output !== undefined; output = association.poll()) this.take(output)
        if (association.phase === AssociationPhase.handshaking)
            promise(association.deadline() < NEVER, "a handshake has a deadline")
    }

    private take(output: Output): void {
        promise(this.failures === 0, "nothing comes after the failure")
        if (output.kind === OutputKind.datagram) this.takeDatagram(output.data as Buffer)
        else if (output.kind === OutputKind.message) {
            promise(this.connections === 1, "no message is delivered before the handshake is done")
            ds._fuzzNote(output.data as Buffer)
        } else if (output.kind === OutputKind.connected) this.connections++
        else if (output.kind === OutputKind.failed) this.failures++
        else ds._fuzzNote("question or diagnostic")
        promise(this.connections <= 1, "a handshake is done once")
    }

    private takeDatagram(datagram: Buffer): void {
        promise(datagram.length <= this.association.settings.pathBudget, "a datagram keeps to the path budget")
        this.fatals += fatalAlerts(datagram, isReadable())
        promise(this.fatals <= 1, "at most one fatal alert is sent")
        ds._fuzzNote(datagram)
    }

    /** Called at the end of the input. */
    check(): void {
        const { association } = this
        const { phase } = association
        const { inboxBytes, earlyBytes, heldMessages, outputs, readTop, readLow, readHigh } = association.snapshot()
        const { limits } = association.settings
        promise(inboxBytes <= limits.inboxBytes, "the inbox stays within its limit")
        promise(
            earlyBytes <= limits.earlyRecordBytes + limits.earlyRecordBytes,
            "early records stay within their limit",
        )
        promise(heldMessages <= limits.receiveQueueMessages, "held messages stay within their limit")
        promise(outputs === 0, "all outputs were taken")
        promise((phase === AssociationPhase.failed) === this.failures > 0, "a failure is told, once")
        ds._fuzzNote("" + readTop + "," + readLow + "," + readHigh)
    }

    /** @param detail an Application; other values have no effect */
    act(event: FuzzEvent, now: number): void {
        const { detail } = event
        const { association } = this
        const identity = Buffer.from(IDENTITY)
        if (detail === Application.send) association.send([Buffer.alloc(MESSAGE)], false)
        else if (detail === Application.shutdownWrite) association.shutdown(false, true)
        else if (detail === Application.shutdownBoth) association.shutdown(true, true)
        else if (detail === Application.answerRight) association.answer({ identity, key: testKey() }, now)
        else if (detail === Application.answerWrong) association.answer({ identity, key: Buffer.alloc(16) }, now)
        else if (detail === Application.answerNone) association.answer(undefined, now)
        else if (detail === Application.exporter) association.exportKeyingMaterial("EXPORTER-fuzz", undefined, 40)
    }
}
