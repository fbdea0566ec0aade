import { isCall } from "../ir/expressions.js"
import { nameKey } from "../ir/names.js"
import { Op } from "../ir/operations.js"
import {
    type Expression,
    type ImageFunction,
    type ImageProgram,
    type Statement,
    walk,
    walkProgram,
} from "../ir/program.js"

/** What a constructor stores into its object, as keys of names in order, those of the class that it extends first. */
interface Stored {
    /** on any path through it */
    all: string[]
    /** on every path, up to the first field that it may leave out */
    steady: string[]
    /** the first of those: what it has stored before any other code can get the object */
    exact: string[]
    /** whether no other code can get the object before it returns */
    isPrivate: boolean
    /** whether these are all fields that it stores, and it leaves out none */
    isComplete: boolean
}

const NONE: Stored = { all: [], steady: [], exact: [], isPrivate: true, isComplete: true }
/** `this[key] = value` */
const ANY_FIELD: Stored = { all: [], steady: [], exact: [], isPrivate: true, isComplete: false }

/** The constructor that a derived one calls for its own object (`super()`); undefined for other statements. */
export function superConstructor(statement: Statement): number | undefined {
    const callee = statement.operands.at(0)
    if (!isCall(statement) || callee?.opcode !== Op.bind) return undefined
    const [constructor, object] = callee.operands
    return constructor.opcode === Op.staticFunction && isFirstSlot(object) ? constructor.value : undefined
}

/** `this` of a constructor. */
const isFirstSlot = ({ opcode, value }: Expression): boolean => opcode === Op.loadLocal && value === 0

/**
 * Whether a constructor's statement gives its object to other code: mentions it other than to store one of its fields, or
 * to call the base class's constructor. A field that is read may be a function, which is bound to the object.
 */
function givesAway(statement: Statement): boolean {
    const isStore = statement.opcode === Op.indexSet && isFirstSlot(statement.operands[0])
    const isSuper = superConstructor(statement) !== undefined
    const operands = statement.operands.slice(isStore || isSuper ? 1 : 0)
    let isGiven = false
    for (const operand of operands)
        walk(operand, (each) => {
            isGiven ||= isFirstSlot(each) || each.opcode === Op.makeClosure
        })
    return isGiven
}

/** Which fields the objects of each class have from their constructors, and where. */
export class ObjectLayout {
    private readonly known = new Map<number, Stored>()
    /** whether some statement deletes fields: then an object may lack any of them, and others may have moved */
    readonly losesFields: boolean

    constructor(private readonly program: ImageProgram) {
        let deletes = false
        walkProgram(program, ({ opcode }) => (deletes ||= opcode === Op.indexDelete))
        this.losesFields = deletes
    }

    /** Every field that a constructor may store. */
    fieldsOf(constructor: number): readonly string[] {
        return this.storedBy(constructor).all
    }

    /** The fields that every object of a class has at these places, once it is constructed. */
    steadyFieldsOf(constructor: number): readonly string[] {
        return this.losesFields ? [] : this.storedBy(constructor).steady
    }

    /**
     * The fields that every object of a class has at these places as soon as code outside its constructors can get it,
     * unless it is a dictionary. It says nothing about a class whose prototype objects get in other ways.
     */
    exactFieldsOf(constructor: number): readonly string[] {
        return this.losesFields ? [] : this.storedBy(constructor).exact
    }

    /** The fields of a constructor that has stored all of them whenever it returns; undefined when it may leave some out. */
    completeFieldsOf(constructor: number): readonly string[] | undefined {
        const { all, isComplete } = this.storedBy(constructor)
        return isComplete ? all : undefined
    }

    private storedBy(constructor: number): Stored {
        const known = this.known.get(constructor)
        if (known !== undefined) return known
        // A constructor that calls itself adds nothing more.
        this.known.set(constructor, NONE)
        const stored = this.read(this.program.functions[constructor])
        this.known.set(constructor, stored)
        return stored
    }

    private read({ body, tries }: ImageFunction): Stored {
        const all: string[] = []
        const steady: string[] = []
        const exact: string[] = []
        let isSteady = tries === 0
        let isPrivate = true
        // The farthest target of a jump so far; past the end, once the constructor may have returned.
        let furthest = 0
        for (const [at, statement] of body.entries()) {
            const { opcode, target } = statement
            const more = this.storedIn(statement)
            isPrivate &&= !givesAway(statement)
            if (more !== undefined) {
                isSteady &&= furthest <= at
                all.push(...more.all)
                if (isSteady) steady.push(...more.steady)
                if (isSteady && isPrivate) exact.push(...more.exact)
                isSteady &&= more.isComplete
                isPrivate &&= more.isPrivate
            }
            const to = opcode === Op.return ? body.length : target === null ? at : body.indexOf(target)
            furthest = Math.max(furthest, to)
        }
        return {
            all: [...new Set(all)],
            steady: [...new Set(steady)],
            exact: [...new Set(exact)],
            isPrivate,
            isComplete: isSteady,
        }
    }

    /** What a statement stores into `this`; undefined when it stores nothing there. */
    private storedIn(statement: Statement): Stored | undefined {
        const base = superConstructor(statement)
        if (base !== undefined) return this.storedBy(base)
        const { opcode, operands } = statement
        if (opcode !== Op.indexSet || !isFirstSlot(operands[0])) return undefined
        const name = nameKey(operands[1])
        return name === undefined
            ? ANY_FIELD
            : { all: [name], steady: [name], exact: [name], isPrivate: true, isComplete: true }
    }
}
