import { isCaptured, isConstructor } from "../image/ir/expressions.js"
import { Op } from "../image/ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type Statement, walk } from "../image/ir/program.js"
import { Liveness, liveBefore } from "../image/analyses/liveness.js"
import type { Callees } from "./callees.js"
import type { IsCold } from "./covered-code.js"
import type { Output } from "./expression.js"
import { FieldViews, known, Way } from "./field-views.js"
import { type FixedField, keyOf, type Shapes } from "./shapes.js"
import { isSmall, SmallSlots } from "./small-slots.js"
import { operationEnd, statementStarts } from "./spans.js"
import { LINK_WORDS } from "./words.js"

export const CALLS: number[] = [
    ...[Op.call0, Op.call1, Op.call2, Op.call3, Op.call4],
    ...[Op.call5, Op.call6, Op.call7, Op.call8],
]
/** After these the function may resume in another turn. */
const LEAVING: number[] = [...CALLS, Op.callArray, Op.catch, Op.finally]

const viewName = (slot: number): string => `p${slot}`

/** With fewer uses of an object's fields in one function, checking the object once does not pay. */
const FEWEST_USES = 2

/** The parts of one function as C, apart from what its statements do. */
export class FunctionOutput implements Output {
    /** words from its slots to its operands, as long as the slots are on the stack */
    protected readonly above: number
    /** whether it makes closures: then its slots are in a frame that they share */
    protected readonly captured: boolean
    protected readonly lines: string[] = []
    private readonly starts: Map<Statement, number>
    /** statements that the interpreter executes */
    private readonly cold: ReadonlySet<Statement>
    /** How many fields of known place are used in the objects of each slot. */
    private readonly uses = new Map<number, number>()
    protected readonly labels = new Set<number>()
    /** where the function may resume: the statements' starts */
    protected readonly entries = new Map<number, Statement>()
    protected readonly views: FieldViews
    /** Whether some statement continues at a place that is known only at run time. */
    private goesAnywhere = false
    private mayFail = false
    private returns = false
    /** Where the interpreter may take over, or the host get a turn: the exits' labels, and what they leave for. */
    private readonly exits = new Map<string, string>()
    /** Where the current statement starts. */
    private current = 0
    private readonly smallSlots: SmallSlots
    private readonly liveness: Liveness
    /** slots that hold small integers before the current statement */
    private known: ReadonlySet<number> = new Set()
    private temporaries = 0

    /** @param image the image that contains it */
    constructor(
        private readonly image: Buffer,
        protected readonly source: ImageFunction,
        protected readonly shapes: Shapes,
        isCold: IsCold,
        private readonly classes: Pick<Callees, "classNumber">,
    ) {
        this.captured = isCaptured(source)
        this.views = new FieldViews(source, this.captured)
        this.above = source.slots + source.tries + LINK_WORDS
        this.smallSlots = new SmallSlots(source)
        this.liveness = new Liveness(source)
        this.starts = statementStarts(image, source)
        this.cold = new Set(source.body.filter((each) => isCold(this.start(each), this.behind(each))))
        this.countUses()
        source.body.forEach((statement, index) => this.mark(statement, source.body[index + 1]))
    }

    /** Whether the interpreter executes the statement. */
    protected isInterpreted(statement: Statement): boolean {
        return this.cold.has(statement)
    }

    private countUses(): void {
        for (const statement of this.source.body)
            if (!this.isInterpreted(statement))
                walk(statement, (each) => {
                    const [object] = each.operands
                    if (object?.opcode !== Op.loadLocal || keyOf(each) === undefined) return
                    if (this.shapes.fixed(object, keyOf(each) ?? "") === undefined) return
                    this.uses.set(object.value, (this.uses.get(object.value) ?? 0) + 1)
                })
    }

    /** Records jump targets, and where the function may resume in another turn. */
    private mark(statement: Statement, next: Statement | undefined): void {
        const { opcode, target } = statement
        if (this.isInterpreted(statement)) return
        if (LEAVING.includes(opcode) && next !== undefined) this.enterAt(next)
        if (target === null || opcode === Op.try) return
        const to = this.start(target)
        if (opcode !== Op.throwJmp) this.labels.add(to)
        if (to <= this.start(statement) || opcode === Op.throwJmp) this.enterAt(target)
    }

    private enterAt(statement: Statement): void {
        if (!this.isInterpreted(statement)) this.entries.set(this.start(statement), statement)
    }

    protected start(statement: Statement): number {
        return this.starts.get(statement) as number
    }

    line(code: string): void {
        this.lines.push(`        ${code}`)
    }

    temporary(): string {
        return `t${this.temporaries++}`
    }

    operand(depth: number): string {
        return this.captured ? `o[${depth}]` : `s[${this.above + depth}]`
    }

    behind(expression: Expression): number {
        return operationEnd(this.image, expression)
    }

    fixedField(object: Expression, field: Expression): FixedField | undefined {
        // An object under construction does not have all of its fields.
        const isUnfinished = (this.source.flags & FunctionFlag.constructor) !== 0
        if (isUnfinished && object.opcode === Op.loadLocal && object.value === 0) return undefined
        const isWorthIt = object.opcode === Op.loadLocal && (this.uses.get(object.value) ?? 0) >= FEWEST_USES
        return this.ofReceiver(object, field) ?? (isWorthIt ? this.shapes.fixed(object, keyOf(field) ?? "") : undefined)
    }

    /** Where `this` certainly has the field. */
    private ofReceiver({ opcode, value }: Expression, field: Expression): FixedField | undefined {
        const isReceiver = opcode === Op.loadLocal && value === 0 && this.views.isKept(0)
        return isReceiver ? this.shapes.ofReceiver(this.source, keyOf(field) ?? "") : undefined
    }

    isSmall(expression: Expression): boolean {
        return isSmall(expression, this.known)
    }

    isPlain(field: Expression): boolean {
        return this.shapes.isPlain(field)
    }

    isBinding(field: Expression): boolean {
        return this.shapes.isBinding(field)
    }

    /** C of a field of the object in a slot. */
    fieldOf(slot: number, fixed: FixedField, key: string): string {
        const number =
            fixed.constructorIndex === undefined ? undefined : this.classes.classNumber(fixed.constructorIndex)
        if (fixed.isCertain) this.locate(slot, this.views.needFound(slot))
        else if (number !== undefined)
            this.locate(
                slot,
                this.views.needClass(slot, number),
                `mote_translated_fields_of(vm, s[${slot}], ${number})`,
            )
        else this.checkPlace(slot, fixed, key)
        return `${viewName(slot)}[${fixed.place}]`
    }

    /** Sets a slot's variable to the object's fields. @param check C that finds them if the object is as expected */
    private locate(slot: number, way: Way, check?: string): void {
        const name = viewName(slot)
        if (way === Way.find) this.unless(`!mote_translated_find_fields(vm, s[${slot}], &${name})`)
        if (way !== Way.check || check === undefined) return
        this.line(`${name} = ${check};`)
        this.unless(`${name} == NULL`)
    }

    private checkPlace(slot: number, { place, count: inTheEnd }: FixedField, key: string): void {
        const name = viewName(slot)
        // A constructor is often given an object that is being constructed, too, and has only some of its fields.
        const count = isConstructor(this.source) ? place + 1 : inTheEnd
        const way = this.views.need(slot, count)
        const isNew = this.views.needKey(slot, place, key)
        this.locate(slot, way, `mote_translated_fields(vm, s[${slot}], ${known(count, place, key)})`)
        if (way !== Way.check && isNew) this.unless(`!mote_translated_is_key(${name}, ${place}, ${key})`)
    }

    unless(condition: string): void {
        this.line(`if (__builtin_expect(${condition}, 0)) ${this.interpreted()}`)
    }

    /** The interpreter takes over from the current statement. */
    protected interpreted(): string {
        return this.exit(`other_${this.current}`, `TRANSLATED_INTERPRETED(${this.place(this.current)})`)
    }

    /** The host gets a turn before the statement that starts there. */
    protected interrupted(at: number): string {
        return this.exit(`turn_${at}`, `TRANSLATED_INTERRUPTED(${this.place(at)})`)
    }

    private exit(label: string, how: string): string {
        this.exits.set(label, how)
        return `goto ${label};`
    }

    failed(): string {
        this.mayFail = true
        return "goto failed;"
    }

    protected returned(result: string): string {
        this.returns = true
        return `{ result = ${result}; goto leave; }`
    }

    /** A position in the image, from the function's start. */
    protected place(at: number): number {
        return at - this.source.start
    }

    /** Continues at the place `at`, as in another turn. */
    protected goAnywhere(): void {
        this.goesAnywhere = true
        this.line("goto enter;")
    }

    fieldPlace(object: Expression, field: Expression): number | undefined {
        return this.shapes.place(object, keyOf(field) ?? "")
    }

    /** Whether something may continue at this place. */
    protected isTarget(at: number): boolean {
        return this.labels.has(at) || this.entries.has(at)
    }

    /** Starts a statement, perhaps as a jump target. */
    protected begin(statement: Statement): void {
        const at = this.start(statement)
        this.current = at
        this.known = this.smallSlots.at(statement)
        if (this.isTarget(at)) this.lines.push(`at_${at}:`)
        this.views.arrive(at)
        if (this.entries.has(at)) this.views.enter()
    }

    /** The whole function, once its statements are written. */
    protected text(name: string): string {
        const entries = [...this.entries.values()].map((statement) => this.entry(statement))
        return [
            `static bool ${name}(mote_vm *vm, uint32_t at)`,
            "{",
            ...(this.captured ? ["    if (!mote_call_capture(vm)) return false;"] : []),
            "    mote_value *s = vm->slots;",
            "    (void)s;",
            "    int32_t how;",
            ...(this.returns ? ["    mote_value result;"] : []),
            ...this.views.names().map((slot) => `    mote_value *${viewName(slot)};`),
            ...(this.captured ? ["    mote_value *o = vm->operands;", "    (void)o;"] : []),
            // A function usually starts at its beginning.
            "    if (__builtin_expect(at != 0, 0)) {",
            ...(this.goesAnywhere ? ["    enter:;"] : []),
            ...this.assumptions(),
            "        switch (at) {",
            ...entries,
            "        default: break;",
            "        }",
            "        how = TRANSLATED_INTERPRETED(at);",
            "        goto out;",
            "    }",
            ...this.lines,
            ...(this.returns ? ["leave:", "    return mote_translated_return(vm, result);"] : []),
            ...(this.mayFail ? ["failed:", "    how = TRANSLATED_FAILED;", "    goto out;"] : []),
            ...[...this.exits].map(([label, how]) => `${label}: how = ${how}; goto out;`),
            "out:",
            "    return mote_translated_exit(vm, how);",
            "}",
            "",
        ].join("\n")
    }

    /** The interpreter may have stored a number that is too large into slots that hold small integers. */
    private entry(statement: Statement): string {
        const at = this.start(statement)
        const small = liveBefore(statement, this.liveness).filter((slot) => this.smallSlots.at(statement).has(slot))
        const words = small.map((slot) => `s[${slot}]`)
        const test = words.length === 0 ? "" : `if (!is_small(${words.join(" & ")})) break; `
        return `        case ${this.place(at)}: ${test}goto at_${at};`
    }

    private assumptions(): string[] {
        const all = this.views.assumptions()
        if (all.length === 0) return []
        return [
            `        static const translated_assumption all[] = {${all.join(", ")}};`,
            `        at = mote_translated_resume(vm, at, s, all, ${all.length});`,
            `        if (at == TRANSLATED_NOWHERE) ${this.failed()}`,
        ]
    }
}
