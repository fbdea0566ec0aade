import type { ImageFunction, ImageProgram } from "../ir/program.js"
import { ClassModel } from "./class-model.js"
import { ClassSetup } from "./class-setup.js"
import { FunctionFacts } from "./function-facts.js"

/**
 * What a program's code says about names, functions and classes, kept while passes change the program: a pass reports
 * the functions that it has changed. The facts do not depend on slots, numbers, jumps and the order of statements.
 */
export class ProgramFacts {
    private readonly known = new Map<ImageFunction, FunctionFacts>()
    /** functions that have changed since their facts were collected */
    private readonly changed = new Set<ImageFunction>()
    private setupRead: ClassSetup | undefined
    private model: ClassModel | undefined
    /** the list from which the model was built: a pass that renumbers functions makes another list */
    private modelled: ImageFunction[] | undefined

    constructor(readonly program: ImageProgram) {}

    of(entry: ImageFunction): FunctionFacts {
        const known = this.known.get(entry)
        if (known !== undefined && !this.changed.has(entry)) return known
        const facts = this.read(entry)
        this.changed.delete(entry)
        if (known?.equals(facts) === true) return known
        this.known.set(entry, facts)
        this.model = undefined
        return facts
    }

    private read(entry: ImageFunction): FunctionFacts {
        return new FunctionFacts(this.program, entry, this.setup)
    }

    get setup(): ClassSetup {
        return (this.setupRead ??= new ClassSetup(this.program.setup))
    }

    /** The classes as the program is now. A model stays as it is when the program changes. */
    get classes(): ClassModel {
        const { functions } = this.program
        const facts = functions.map((entry) => this.of(entry))
        if (this.modelled !== functions) this.model = undefined
        this.modelled = functions
        return (this.model ??= new ClassModel(this.program, this.setup, facts))
    }

    /** A function has changed, and so may its facts. */
    forget(entry: ImageFunction): void {
        this.changed.add(entry)
        if (entry !== this.program.setup) return
        this.setupRead = undefined
        this.model = undefined
    }

    /** Names have been renumbered. */
    forgetAll(): void {
        for (const entry of this.program.functions) this.forget(entry)
    }

    /** Functions that have changed without a report: none, unless a pass is faulty. */
    outdated(): ImageFunction[] {
        const known = this.program.functions.filter((entry) => !this.changed.has(entry))
        return known.filter((entry) => this.known.get(entry)?.equals(this.read(entry)) === false)
    }
}
