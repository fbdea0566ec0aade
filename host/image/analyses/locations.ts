import type { ImageFunction, Statement } from "../ir/program.js"
import { NOTHING, type Type } from "./types.js"

/** What one statement does to locations, given the others' types. */
export interface Step {
    entry: ImageFunction
    each: Statement
    /** whether a location that it read has changed since, or it never ran */
    isDue: boolean
}

interface Location {
    type: Type
    /** steps to run again; some occur more than once */
    readers: Step[]
}

/** Types by the location's key, and which steps to run again when one changes. */
export class Locations {
    private readonly known = new Map<string, Location>()
    /** the current step */
    private reader: Step | undefined
    private isDue = false

    get(key: string): Type {
        if (this.reader === undefined) return this.known.get(key)?.type ?? NOTHING
        const location = this.at(key)
        if (location.readers.at(-1) !== this.reader) location.readers.push(this.reader)
        return location.type
    }

    add(key: string, type: Type): void {
        const location = this.at(key)
        if ((location.type | type) === location.type) return
        location.type |= type
        for (const reader of location.readers) reader.isDue = true
        this.isDue = true
    }

    private at(key: string): Location {
        const found = this.known.get(key)
        if (found !== undefined) return found
        const made = { type: NOTHING, readers: [] }
        this.known.set(key, made)
        return made
    }

    /**
     * Runs the due steps in order until none is left. Types of locations may depend on that order: some expressions
     * have a less precise type before everything is known.
     */
    settle(steps: Step[], take: (step: Step) => void): void {
        do {
            this.isDue = false
            for (const step of steps) if (step.isDue) this.take(step, take)
        } while (this.isDue)
        this.reader = undefined
    }

    private take(step: Step, take: (step: Step) => void): void {
        step.isDue = false
        this.reader = step
        take(step)
    }
}
