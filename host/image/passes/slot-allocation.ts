import { liveAtEntry, Liveness } from "../analyses/liveness.js"
import { removeStatement } from "../ir/control-flow.js"
import { append, slotStored } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type Statement, walk } from "../ir/program.js"

/*
 * Slot allocation: variables share slots, by colouring of the interference graph. Frames get smaller, and copies vanish
 * whose two variables get the same slot.
 *
 * Precondition: live ranges are split. Changes: slot numbers, the function's number of slots; removes copies of a slot
 * onto itself. Sound because two variables interfere when one is stored while the other is live, and get different
 * slots then; except for a copy, after which both have the same value. Parameters keep their slots; captured slots are
 * not shared.
 */

/**
 * Colours the interference graph; a variable prefers the colour of one that it is copied to or from.
 * @returns true when copies vanished
 */
export function allocateSlots(entry: ImageFunction): boolean {
    const { body } = entry
    const live = new Liveness(entry)
    const conflicts = new Map<number, Set<number>>()
    const conflict = (a: number, b: number): void => {
        if (a === b) return
        conflicts.set(a, (conflicts.get(a) ?? new Set()).add(b))
        conflicts.set(b, (conflicts.get(b) ?? new Set()).add(a))
    }
    const first = [...liveAtEntry(entry, live)]
    for (let slot = 0; slot < entry.arguments; slot++) for (const other of first) conflict(slot, other)
    for (const a of first) for (const b of first) conflict(a, b)
    const preferences = new Map<number, number[]>()
    for (const statement of body) {
        const stored = slotStored(statement)
        if (stored === undefined) continue
        const [value] = statement.operands
        const copied = value.opcode === Op.loadLocal ? value.value : -1
        for (const other of live.after(statement)) if (other !== copied) conflict(stored, other)
        if (copied < 0) continue
        append(preferences, stored, copied)
        append(preferences, copied, stored)
    }
    assign(entry, conflicts, preferences)
    return removeCopies(entry.body)
}

function assign(entry: ImageFunction, conflicts: Map<number, Set<number>>, preferences: Map<number, number[]>): void {
    const colours = new Map<number, number>()
    for (let slot = 0; slot < entry.arguments; slot++) colours.set(slot, slot)
    const uses = usesOfSlots(entry)
    for (const slot of [...uses.keys()].sort((a, b) => a - b)) {
        if (colours.has(slot)) continue
        const taken = new Set([...(conflicts.get(slot) ?? [])].map((other) => colours.get(other)))
        for (const captured of entry.captured) taken.add(captured)
        const wanted = (preferences.get(slot) ?? []).map((other) => colours.get(other) ?? -1)
        let colour = wanted.find((candidate) => candidate >= 0 && !taken.has(candidate)) ?? 0
        while (taken.has(colour)) colour++
        colours.set(slot, colour)
    }
    for (const [slot, places] of uses) for (const place of places) place.value = colours.get(slot) ?? slot
    const used = [...colours.values(), ...entry.captured]
    entry.slots = Math.max(entry.arguments, ...used.map((colour) => colour + 1))
}

/** @returns true when there were copies of a slot onto itself */
function removeCopies(body: Statement[]): boolean {
    const before = body.length
    for (let i = body.length - 2; i >= 0; i--) if (isCopyOntoItself(body[i])) removeStatement(body, i)
    return body.length < before
}

function isCopyOntoItself({ opcode, value, operands }: Statement): boolean {
    return opcode === Op.storeLocal && operands[0].opcode === Op.loadLocal && operands[0].value === value
}

function usesOfSlots({ body }: ImageFunction): Map<number, Expression[]> {
    const uses = new Map<number, Expression[]>()
    for (const statement of body)
        walk(statement, (expression) => {
            if (expression.opcode !== Op.loadLocal && expression.opcode !== Op.storeLocal) return
            append(uses, expression.value, expression)
        })
    return uses
}
