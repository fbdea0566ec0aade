import { Association } from "../../src/dtls/association/association.js"
import { Diagnostic, type Output, OutputKind } from "../../src/dtls/association/output.js"
import { NEVER } from "../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { serverRole } from "../../src/dtls/handshake/v12/server.js"
import { type AlertDescription } from "../../src/dtls/wire/code-points.js"
import { failureMessage } from "../../src/platform/node/failure-text.js"
import { Answers } from "./answers.js"
import { checkHandshake } from "./checks.js"
import { type ShimConfiguration } from "./flags.js"
import { type RunnerEvent, type RunnerLink } from "./framing.js"
import { Opening } from "./opening.js"
import { type Sessions } from "./sessions.js"
import { clientRoleOf, settingsOf, versionsOf } from "./settings.js"
import { ShimFailure } from "./shim-failure.js"

/**
 * ms of real time without a word from the runner after which the handshake's deadline comes: this engine puts an unprotected
 * failure aside until a timer, and the runner waits for the alert without letting time pass.
 */
const QUIET = 100

/** The clock's first time, ms: above that of an association which waits for no time, but to be called. */
const START = 1

/** The alert that the runner asks for (RFC 5246 §7.2); no side of this engine sends it. */
const DECOMPRESSION_FAILURE = 30

/** One association against the runner, on the runner's clock. */
export class Connection {
    private answers: Answers
    private settings: AssociationSettings
    /** a server waits for one until it knows the version */
    private association: Association | undefined
    private opening: Opening | undefined
    private link: RunnerLink | undefined
    private now = START
    private connected = false
    private peerClosed = false
    private over = false
    /** something unprotected was refused, and the next timer will tell */
    private failurePending = false

    /** Throws Unimplemented. */
    constructor(
        private configuration: ShimConfiguration,
        sessions: Sessions,
        private isResumption: boolean,
    ) {
        const versions = versionsOf(configuration)
        this.answers = new Answers(configuration, isResumption)
        const settings = settingsOf(configuration, sessions)
        this.settings = settings
        if (configuration.isServer && versions.v13)
            this.opening = new Opening(settings, versions.v12, (datagram) => this.link?.sendPacket(datagram))
        else
            this.association = new Association(
                settings,
                configuration.isServer ? serverRole() : clientRoleOf(versions),
                0,
                0,
            )
    }

    /** Throws ShimFailure when anything is not as the test wants it. */
    async run(link: RunnerLink): Promise<void> {
        this.link = link
        this.association?.begin(this.now)
        await this.drain()
        while (!this.over) {
            const waits = this.failurePending || (this.association === undefined && this.opening?.hasBegun() === true)
            await this.take(await link.next(waits ? QUIET : undefined))
        }
        if (!this.connected) throw new ShimFailure("the runner left before the handshake was done")
    }

    private live(): Association {
        if (this.association === undefined) throw new ShimFailure("no hello has come")
        return this.association
    }

    private deadline(): number {
        return this.association?.deadline() ?? NEVER
    }

    private async take(event: RunnerEvent): Promise<void> {
        if (event.kind === "packet") this.receive(event.data)
        else if (event.kind === "advance") return await this.advance(event.time)
        else if (event.kind === "mtu") this.settings.pathBudget = event.bytes
        else if (event.kind === "initialTimeout") this.settings.retransmission.initial = event.time
        else if (event.kind === "expectTimeout") this.checkTimeout(event.time)
        else if (event.kind === "quiet") this.quiet()
        else this.over = true
        await this.drain()
        // What waits for a time comes when the runner lets it pass; a KeyUpdate waits for none.
        await this.tickDue(0)
    }

    private async tickDue(until: number): Promise<void> {
        while (this.deadline() <= until) {
            this.tickAt(this.deadline())
            await this.drain()
        }
    }

    private receive(datagram: Buffer): void {
        if (this.association === undefined) this.association = this.opening?.receive(datagram, this.now)
        else this.association.receive(datagram, datagram.length, this.now)
    }

    private quiet(): void {
        if (this.association === undefined) this.association = this.opening?.giveUp(this.now)
        else this.tickAt(this.now + this.settings.retransmission.deadline)
    }

    /** The runner hears that its timeout was taken before it hears what comes of it. */
    private async advance(time: number): Promise<void> {
        this.link?.acknowledgeTimeout()
        const end = this.now + time
        await this.tickDue(end)
        this.now = end
    }

    private tickAt(time: number): void {
        this.now = Math.max(this.now, time)
        this.association?.tick(this.now)
    }

    private checkTimeout(expected: number | undefined): void {
        const at = this.deadline()
        const actual = at >= NEVER ? undefined : at - this.now
        if (actual !== expected) throw new ShimFailure(`the next timeout is in ${actual} ms, not in ${expected}`)
    }

    private async drain(): Promise<void> {
        if (this.association === undefined) return
        for (let output = this.association.poll(); output !== undefined; output = this.association.poll())
            await this.act(output)
    }

    private async act(output: Output): Promise<void> {
        const { kind } = output
        if (kind === OutputKind.datagram) this.link?.sendPacket(output.data as Buffer)
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

    private onFailed({ failure }: Output): void {
        if (failure === undefined) throw new ShimFailure("failed without a reason")
        throw new ShimFailure(`${FailureReason[failure.reason]}: ${failureMessage(failure)}`)
    }

    private onConnected(): void {
        const { configuration } = this
        this.connected = true
        this.failurePending = false
        checkHandshake(this.live(), configuration, this.answers, this.isResumption)
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
            this.send(this.live().exportKeyingMaterial(exportLabel, context, exportLength) ?? Buffer.alloc(0))
        }
        if (tlsUnique) this.send(this.live().parameters.firstFinished)
    }

    private fail(): void {
        this.over = true
        this.live().fail(FailureReason.closedLocally, DECOMPRESSION_FAILURE as AlertDescription)
    }

    /** Every byte turned over: so the runner sees that it was decrypted. */
    private reply(message: Buffer): void {
        this.send(Buffer.from(message.map((byte) => byte ^ 0xff)))
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
