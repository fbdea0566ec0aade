import { Association } from "../../src/dtls/association/association.js"
import { type DriverRole } from "../../src/dtls/association/handshake-driver.js"
import { Diagnostic, type Output, OutputKind } from "../../src/dtls/association/output.js"
import { NEVER } from "../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { type AlertDescription } from "../../src/dtls/wire/code-points.js"
import { failureMessage } from "../../src/platform/node/failure-text.js"
import { type Answers } from "./answers.js"
import { checkHandshake } from "./checks.js"
import { type ShimConfiguration } from "./flags.js"
import { type RunnerEvent, type RunnerLink } from "./framing.js"
import { ShimFailure } from "./shim-failure.js"

/**
 * ms of real time without a word from the runner after which the handshake's deadline comes: this engine puts an unprotected
 * failure aside until a timer, and the runner waits for the alert without letting time pass.
 */
const QUIET = 100

/** The alert that the runner asks for (RFC 5246 §7.2); no side of this engine sends it. */
const DECOMPRESSION_FAILURE = 30

/** One association against the runner, on the runner's clock. */
export class Connection {
    private association: Association
    private now = 0
    private connected = false
    private peerClosed = false
    private over = false
    /** something unprotected was refused, and the next timer will tell */
    private failurePending = false

    constructor(
        private configuration: ShimConfiguration,
        private settings: AssociationSettings,
        role: DriverRole,
        private answers: Answers,
        private link: RunnerLink,
    ) {
        this.association = new Association(settings, role, 0, 0)
    }

    /** Throws ShimFailure when anything is not as the test wants it. */
    async run(): Promise<void> {
        this.association.begin(this.now)
        await this.drain()
        while (!this.over) {
            const event = await this.link.next(this.failurePending ? QUIET : undefined)
            await this.take(event)
        }
        if (!this.connected) throw new ShimFailure("the runner left before the handshake was done")
    }

    private async take(event: RunnerEvent): Promise<void> {
        if (event.kind === "packet") this.association.receive(event.data, event.data.length, this.now)
        else if (event.kind === "advance") return await this.advance(event.time)
        else if (event.kind === "mtu") this.settings.pathBudget = event.bytes
        else if (event.kind === "initialTimeout") this.settings.retransmission.initial = event.time
        else if (event.kind === "expectTimeout") this.checkTimeout(event.time)
        else if (event.kind === "quiet") this.tickAt(this.now + this.settings.retransmission.deadline)
        else this.over = true
        await this.drain()
    }

    /** The runner hears that its timeout was taken before it hears what comes of it. */
    private async advance(time: number): Promise<void> {
        this.link.acknowledgeTimeout()
        const end = this.now + time
        while (this.association.deadline() <= end) {
            this.tickAt(this.association.deadline())
            await this.drain()
        }
        this.now = end
    }

    private tickAt(time: number): void {
        this.now = Math.max(this.now, time)
        this.association.tick(this.now)
    }

    private checkTimeout(expected: number | undefined): void {
        const at = this.association.deadline()
        const actual = at >= NEVER ? undefined : at - this.now
        if (actual !== expected) throw new ShimFailure(`the next timeout is in ${actual} ms, not in ${expected}`)
    }

    private async drain(): Promise<void> {
        for (let output = this.association.poll(); output !== undefined; output = this.association.poll())
            await this.act(output)
    }

    private async act(output: Output): Promise<void> {
        const { kind } = output
        if (kind === OutputKind.datagram) this.link.sendPacket(output.data as Buffer)
        else if (kind === OutputKind.message) this.reply(output.data as Buffer)
        else if (kind === OutputKind.question && output.question !== undefined)
            this.association.answer(await this.answers.answer(output.question), this.now)
        else if (kind === OutputKind.connected) this.onConnected()
        else if (kind === OutputKind.closed) this.onClosed()
        else if (kind === OutputKind.diagnostic) this.noteDiagnostic(output.diagnostic)
        else if (kind === OutputKind.failed && !this.over) this.onFailed(output)
    }

    private noteDiagnostic(diagnostic: Diagnostic | undefined): void {
        if (diagnostic === Diagnostic.refusedMessage || diagnostic === Diagnostic.unprotectedAlert)
            this.failurePending = true
    }

    private onFailed({ failure }: Output): void {
        if (failure === undefined) throw new ShimFailure("failed without a reason")
        throw new ShimFailure(`${FailureReason[failure.reason]}: ${failureMessage(failure)}`)
    }

    private onConnected(): void {
        const { configuration, association } = this
        this.connected = true
        this.failurePending = false
        checkHandshake(association, configuration)
        this.sendBindings()
        if (configuration.sendAlert) return this.fail()
        if (configuration.writesFirst)
            for (let i = 0; i < configuration.repeatInitialWrite; i++) this.send(configuration.initialWrite)
        if (configuration.shutsDown) this.close()
    }

    private sendBindings(): void {
        const { exportLabel, exportContext, exportLength, useExportContext, tlsUnique } = this.configuration
        if (exportLength > 0) {
            const context = useExportContext ? exportContext : undefined
            this.send(this.association.exportKeyingMaterial(exportLabel, context, exportLength) ?? Buffer.alloc(0))
        }
        if (tlsUnique) this.send(this.association.parameters.firstFinished)
    }

    private fail(): void {
        this.over = true
        this.association.fail(FailureReason.closedLocally, DECOMPRESSION_FAILURE as AlertDescription)
    }

    /** Every byte turned over: so the runner sees that it was decrypted. */
    private reply(message: Buffer): void {
        this.send(Buffer.from(message.map((byte) => byte ^ 0xff)))
    }

    private send(message: Buffer): void {
        if (message.length > this.association.maxMessage())
            throw new ShimFailure(`a message of ${message.length} bytes is too long`)
        if (this.association.send([message], false) === 0) throw new ShimFailure("a message was not taken")
    }

    private onClosed(): void {
        this.peerClosed = true
        this.close()
    }

    private close(): void {
        this.association.shutdown(true, true)
        this.over = this.peerClosed || !this.configuration.checkCloseNotify
    }
}
