import { ProgramFacts } from "./analyses/program-facts.js"
import type { ImageFunction, ImageProgram } from "./ir/program.js"
import { VerificationError, verifyFunction, verifyProgram } from "./ir/verify.js"

/** Runs passes over a program; on request, verifies each one's result, and that it kept the facts up to date. */
export class PassManager {
    readonly facts: ProgramFacts

    constructor(
        readonly program: ImageProgram,
        private readonly verify: boolean,
    ) {
        this.facts = new ProgramFacts(program)
    }

    run<Result>(name: string, pass: (program: ImageProgram) => Result): Result {
        const result = pass(this.program)
        this.check(name, () => {
            verifyProgram(this.program)
            this.verifyFacts()
        })
        return result
    }

    runOn<Result>(entry: ImageFunction, name: string, pass: (entry: ImageFunction) => Result): Result {
        const result = pass(entry)
        this.check(name, () => verifyFunction(this.program, entry))
        return result
    }

    private verifyFacts(): void {
        const [outdated] = this.facts.outdated()
        if (outdated === undefined) return
        const index = this.program.functions.indexOf(outdated)
        throw new VerificationError(`function ${index}: changed, and its facts were not forgotten`)
    }

    private check(name: string, verification: () => void): void {
        if (!this.verify) return
        try {
            verification()
        } catch (error) {
            if (!(error instanceof VerificationError)) throw error
            throw new VerificationError(`after ${name}: ${error.message}`, { cause: error })
        }
    }
}
