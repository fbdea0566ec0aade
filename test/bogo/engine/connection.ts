import { Association } from "../../../src/dtls/association/association.js"
import { Diagnostic, type Output, OutputKind } from "../../../src/dtls/association/output.js"
import { NEVER } from "../../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { serverRole } from "../../../src/dtls/association/v12/roles.js"
import { type AlertDescription } from "../../../src/dtls/wire/code-points.js"
import { Answers } from "./answers.js"
import { checkHandshake } from "./checks.js"
import { type ShimConfiguration } from "./configuration.js"
import { Opening } from "./opening.js"
import { type Sessions } from "./sessions.js"
import { clientRoleOf, settingsOf, versionsOf } from "./settings.js"
import { ShimFailure } from "./failure.js"
import { EventKind, type Link, type RunnerEvent, type Side } from "./side.js"

/**
 * Real time without data from the runner after which the handshake's deadline is simulated, ms. This engine postpones
 * unprotected failures until a timeout, while the runner waits for the alert without advancing the clock.
 */
const QUIET = 100

/** The clock's initial time, ms: above 0, which means that an association can be called at once. */
const START = 1

/** An alert that the runner asks for (RFC 5246 §7.2); this engine never sends it otherwise. */
const DECOMPRESSION_FAILURE = 30

/** One association, driven by the runner and its clock. */
export class Connection {
    private answers: Answers
    private settings: AssociationSettings
    /** undefined on a server until the version is known */
    private association: Association | undefined
    private opening: Opening | undefined
    private link: Link | undefined
    private now = START
    private connected = false
    private peerClosed = false
    private over = false
    /** an unprotected message was refused, and the next timeout will decide */
    private failurePending = false

    /** Throws Unimplemented. */
    constructor(
        private side: Side,
        private configuration: ShimConfiguration,
        sessions: Sessions,
        private isResumption: boolean,
    ) {
        const versions = versionsOf(configuration)
        this.answers = new Answers(configuration, side, isResumption)
        this.settings = settingsOf(configuration, sessions, side)
        const { settings } = this
        const self = this
        if (configuration.isServer && versions.v13)
            this.opening = new Opening(settings, versions.v12, (datagram) => self.sendPacket(datagram))
        else {
            const role = configuration.isServer ? serverRole() : clientRoleOf(versions)
            this.association = new Association(settings, role, 0, 0)
        }
    }

    /** Throws ShimFailure if anything is not as the test expects. */
    async run(link: Link): Promise<void> {
        this.link = link
        if (this.association !== undefined) this.association.begin(this.now)
        await this.drain()
        while (!this.over) await this.take(await link.next(this.isWaiting() ? QUIET : -1))
        if (!this.connected) throw new ShimFailure("the runner left before the handshake was done")
    }

    /** Whether something was received that is answered if nothing follows. */
    private isWaiting(): boolean {
        const { association, opening } = this
        return this.failurePending || (association === undefined && opening !== undefined && opening.hasBegun())
    }

    private sendPacket(datagram: Buffer): void {
        if (this.link !== undefined) this.link.sendPacket(datagram)
    }

    private live(): Association {
        if (this.association === undefined) throw new ShimFailure("no hello has come")
        return this.association
    }

    private deadline(): number {
        return this.association === undefined ? NEVER : this.association.deadline()
    }

    private async take(event: RunnerEvent): Promise<void> {
        const { kind, time } = event
        if (kind === EventKind.packet) this.receive(event.data)
        else if (kind === EventKind.advance) return await this.advance(time)
        else if (kind === EventKind.mtu) this.settings.pathBudget = time
        else if (kind === EventKind.initialTimeout) this.settings.retransmission.initial = time
        else if (kind === EventKind.expectTimeout) this.checkTimeout(time)
        else if (kind === EventKind.quiet) this.quiet()
        else this.over = true
        await this.drain()
        // Timers wait until the runner advances its clock; a KeyUpdate does not wait.
        await this.tickDue(0)
    }

    private async tickDue(until: number): Promise<void> {
        while (this.deadline() <= until) {
            this.tickAt(this.deadline())
            await this.drain()
        }
    }

    private receive(datagram: Buffer): void {
        const { opening } = this
        if (this.association !== undefined) this.association.receive(datagram, datagram.length, this.now)
        else if (opening !== undefined) this.association = opening.receive(datagram, this.now)
    }

    private quiet(): void {
        const { opening } = this
        if (this.association !== undefined) this.tickAt(this.now + this.settings.retransmission.deadline)
        else if (opening !== undefined) this.association = opening.giveUp(this.now)
    }

    /** Acknowledges the timeout to the runner before sending what it causes. */
    private async advance(time: number): Promise<void> {
        if (this.link !== undefined) this.link.acknowledgeTimeout()
        const end = this.now + time
        await this.tickDue(end)
        this.now = end
    }

    private tickAt(time: number): void {
        this.now = Math.max(this.now, time)
        if (this.association !== undefined) this.association.tick(this.now)
    }

    /** @param expected ms; negative: none */
    private checkTimeout(expected: number): void {
        const at = this.deadline()
        const actual = at >= NEVER ? -1 : at - this.now
        if (actual !== expected) throw new ShimFailure(`the next timeout is in ${actual} ms, not in ${expected}`)
    }

    private async drain(): Promise<void> {
        if (this.association === undefined) return
        for (let output = this.association.poll(); output !== undefined; output = this.association.poll())
            await this.act(output)
    }

    private async act(output: Output): Promise<void> {
        const { kind } = output
        if (kind === OutputKind.datagram) this.sendPacket(output.data as Buffer)
        else if (kind === OutputKind.message) this.reply(output.data as Buffer)
        else if (kind === OutputKind.question && output.question !== undefined)
            this.live().answer(await this.answers.answer(output.question), this.now)
        else if (kind === OutputKind.connected) this.onConnected()
        else if (kind === OutputKind.closed) this.onClosed()
        else if (kind === OutputKind.diagnostic) this.noteDiagnostic(output.diagnostic)
        else if (kind === OutputKind.failed && !this.over) this.onFailed(output)
    }

    private noteDiagnostic(diagnostic: Diagnostic | undefined): void {
        if (diagnostic === Diagnostic.refusedMessage || diagnostic === Diagnostic.unprotectedAlert)
            this.failurePending = true
    }

    private onFailed(output: Output): void {
        const { failure } = output
        if (failure === undefined) throw new ShimFailure("failed without a reason")
        const { describeFailure } = this.side.services
        const words = describeFailure === undefined ? "the handshake failed" : describeFailure(failure)
        throw new ShimFailure(`${words} (reason ${failure.reason}, alert ${failure.alert})`)
    }

    private onConnected(): void {
        const { configuration } = this
        this.connected = true
        this.failurePending = false
        checkHandshake(this.live(), configuration, this.answers, this.isResumption)
        this.sendBindings()
        if (configuration.sendAlert) return this.sendAlert()
        if (configuration.writesFirst)
            for (let i = 0; i < configuration.repeatInitialWrite; i++) this.send(configuration.initialWrite)
        if (configuration.shutsDown) this.close()
    }

    private sendBindings(): void {
        const { exportLabel, exportContext, exportLength, useExportContext, tlsUnique } = this.configuration
        if (exportLength > 0) {
            const context = useExportContext ? exportContext : undefined
            this.send(this.live().exportKeyingMaterial(exportLabel, context, exportLength) ?? Buffer.alloc(0))
        }
        if (tlsUnique) this.send(this.live().parameters.firstFinished)
    }

    private sendAlert(): void {
        this.over = true
        this.live().fail(FailureReason.closedLocally, DECOMPRESSION_FAILURE as AlertDescription)
    }

    /** Inverts every byte, so that the runner can see that it was decrypted. */
    private reply(message: Buffer): void {
        const turned = Buffer.alloc(message.length)
        for (let i = 0; i < message.length; i++) turned[i] = message[i] ^ 0xff
        this.send(turned)
    }

    private send(message: Buffer): void {
        if (message.length > this.live().maxMessage())
            throw new ShimFailure(`a message of ${message.length} bytes is too long`)
        if (this.live().send([message], false) === 0) throw new ShimFailure("a message was not taken")
    }

    private onClosed(): void {
        this.peerClosed = true
        this.close()
    }

    private close(): void {
        this.live().shutdown(true, true)
        this.over = this.peerClosed || !this.configuration.checkCloseNotify
    }
}
