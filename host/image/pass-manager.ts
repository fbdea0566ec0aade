import type { ImageFunction, ImageProgram } from "./ir/program.js"
import { VerificationError, verifyFunction, verifyProgram } from "./ir/verify.js"

/** Runs passes over a program; when asked to, verifies what each one leaves. */
export class PassManager {
    constructor(
        readonly program: ImageProgram,
        private readonly verify: boolean,
    ) {}

    run<Result>(name: string, pass: (program: ImageProgram) => Result): Result {
        const result = pass(this.program)
        this.check(name, () => verifyProgram(this.program))
        return result
    }

    runOn<Result>(entry: ImageFunction, name: string, pass: (entry: ImageFunction) => Result): Result {
        const result = pass(entry)
        this.check(name, () => verifyFunction(this.program, entry))
        return result
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
