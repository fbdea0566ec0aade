import { type Answer, type Question, QuestionKind } from "../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { type Peer } from "../../src/dtls/endpoint/peer.js"
import { type SimulatedVersions, Simulation } from "./simulation.js"

/** A side's answers; operations are performed. */
export type Answers = (question: Question) => Answer | undefined

/**
 * A simulation whose questions are answered asynchronously, before the virtual clock advances. Call `runTo` instead of
 * `run`.
 */
export class KeyedSimulation extends Simulation {
    /** kinds of all questions, in order */
    asked: QuestionKind[] = []
    private open: (() => Promise<void>)[] = []

    constructor(
        client: AssociationSettings,
        server: AssociationSettings,
        private clientAnswers: Answers,
        private serverAnswersWith: Answers,
        versions?: SimulatedVersions,
    ) {
        super(client, server, undefined, versions)
    }

    protected override onClientQuestion(question: Question): void {
        const self = this
        this.asked.push(question.kind)
        this.open.push(async () => self.answerClient(await answerTo(question, self.clientAnswers)))
    }

    protected override onServerQuestion(peer: Peer, question: Question): void {
        const self = this
        this.asked.push(question.kind)
        this.open.push(async () => self.answerPeer(peer, await answerTo(question, self.serverAnswersWith)))
    }

    /** Runs the handshake from its beginning, and everything until `until` (ms). */
    async shakeHands(until: number): Promise<void> {
        this.begin()
        await this.runTo(until)
    }

    async runTo(until: number): Promise<void> {
        await this.answerAll()
        while (this.advance(until)) await this.answerAll()
    }

    private async answerAll(): Promise<void> {
        for (let next = this.open.shift(); next !== undefined; next = this.open.shift()) {
            await next()
            this.drain()
        }
    }

    private advance(until: number): boolean {
        if (!this.step(until)) return false
        this.drain()
        return true
    }
}

async function answerTo(question: Question, answers: Answers): Promise<Answer | undefined> {
    return question.kind === QuestionKind.operation ? await question.perform() : answers(question)
}
