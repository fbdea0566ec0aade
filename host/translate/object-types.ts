import type { ClassModel } from "../image/analyses/class-model.js"
import { computedNames } from "../image/analyses/computed-names.js"
import { ProgramFacts } from "../image/analyses/program-facts.js"
import { LikelyTypes, TypeInference } from "../image/analyses/type-inference.js"
import { constructorOf, Kind, kindsOf } from "../image/analyses/types.js"
import { isCaptured } from "../image/ir/expressions.js"
import { fieldKey, nameKey } from "../image/ir/names.js"
import { Op } from "../image/ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type Statement, walk } from "../image/ir/program.js"
import { readImage } from "../image/ir/read.js"
import { splitLiveRanges } from "../image/passes/live-range-splitting.js"
import { CodeFlow } from "./code-flow.js"
import { eliminateUnreachable } from "../image/passes/unreachable-code.js"

/**
 * Classes of the objects whose fields a program reads and stores, by type inference. They serve predictions that the
 * machine checks: the image is already optimized, so the inference knows less than the optimizer did, and may be wrong
 * where slots are shared.
 */
export class ObjectTypes {
    /** constructors by the position of the object's expression in the image */
    private readonly constructors = new Map<number, number[]>()
    /** objects that have these classes and no other type with fields, as far as is known */
    private readonly likely = new Set<number>()
    /** reads of fields that contain no functions */
    private readonly plain = new Set<number>()
    /** reads of fields that may contain one, in a program whose types are known */
    private readonly binding = new Set<number>()
    readonly classes: ClassModel
    /** whether objects of the program's classes may get so many fields that the machine makes them dictionaries */
    readonly mayBeDictionaries: boolean
    private readonly functions: readonly ImageFunction[]

    constructor(image: Buffer) {
        // A program of its own, because inference needs a slot for every variable.
        const program = readImage(image)
        this.functions = program.functions
        for (const entry of program.functions) {
            eliminateUnreachable(entry)
            if (!isCaptured(entry)) splitLiveRanges(entry)
        }
        program.types = { unsound: [], computed: program.computed ?? computedNames(program) }
        this.classes = new ProgramFacts(program).classes
        const types = new TypeInference(program, this.classes)
        this.mayBeDictionaries = !types.isKnown || types.mostFields >= MOST_IN_TABLES
        const flow = new CodeFlow(program, this.classes)
        const likely = new LikelyTypes(program, this.classes)
        for (const entry of program.functions)
            for (const each of entry.body) this.note({ types, flow, likely }, entry, each)
    }

    private note({ types, flow, likely }: Inferences, entry: ImageFunction, statement: Statement): void {
        walk(statement, (each) => {
            const key = each.opcode === Op.indexSet ? nameKey(each.operands[1]) : fieldKey(each)
            if (key === undefined) return
            const [object] = each.operands
            const kinds = kindsOf(likely.typeOf(entry, statement, object)).filter((kind) => !FIELDLESS.includes(kind))
            const found = kinds.flatMap((kind) => constructorOf(kind) ?? [])
            this.constructors.set(object.origin.at, found)
            if (types.isKnown && found.length === kinds.length) this.likely.add(object.origin.at)
            if (each.opcode === Op.indexSet || !types.isKnown) return
            const isPlain = flow.holdsNoFunction(entry, statement, each)
            const reads = isPlain ? this.plain : this.binding
            reads.add(each.origin.at)
        })
    }

    /** The object's possible classes, by their constructors; empty when they are unknown. */
    classesOf(object: Expression): number[] {
        return this.constructors.get(object.origin.at) ?? []
    }

    /** The same, but empty when the object may have another type with fields, as far as is known. */
    likelyClassesOf(object: Expression): number[] {
        return this.likely.has(object.origin.at) ? this.classesOf(object) : []
    }

    /** The classes that `this` of a method certainly has one of; empty when they are unknown, or it has no `this`. */
    receiversOf(index: number): number[] {
        const entry = this.functions[index]
        const hasThis = (entry.flags & FunctionFlag.needsThis) !== 0 && this.classes.hasObject(entry)
        return hasThis ? (this.classes.receivers(index) ?? []) : []
    }

    /** Whether the field that is read contains no function, which would be bound. */
    isPlain(field: Expression): boolean {
        return this.plain.has(field.origin.at)
    }

    /** Whether it probably contains one. */
    isBinding(field: Expression): boolean {
        return this.binding.has(field.origin.at)
    }
}

/** Objects with fewer fields are tables (HASHED in firmware/vm/object.h), even if the machine itself gives them some. */
const MOST_IN_TABLES = 100

/** Types without fields. */
const FIELDLESS: Kind[] = [Kind.number, Kind.constant]

/** What is known of one program's types. */
interface Inferences {
    types: TypeInference
    flow: CodeFlow
    likely: LikelyTypes
}
