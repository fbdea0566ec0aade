import { existsSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import type { DebugFile } from "../image/ir/debug.js"

interface Place {
    functionName: string
    file: string
    line: number
}

/** The compiler's debug file: translates code positions in an image to lines of TypeScript. */
export class DebugMap {
    private constructor(
        private debug: DebugFile,
        private home: string,
    ) {}

    /** @param home folder to which its paths are relative; undefined if there is no such file */
    static load(path: string, home: string): DebugMap | undefined {
        try {
            return new DebugMap(JSON.parse(readFileSync(path, "utf8")) as DebugFile, home)
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
            throw error
        }
    }

    /**
     * One line for each function at a position, innermost first: several if functions were inlined there.
     * @param position bytes from the image's start, inside a statement or just after it
     */
    lines(position: number): string[] {
        const places = this.places(position)
        if (places.length === 0) return [`    at code position ${position}`]
        return places.map(({ functionName, file, line }) => `    at ${functionName} (${file}:${line})`)
    }

    /** Replaces the short names of fields and methods in an optimized image by the full ones. */
    withNames(text: string): string {
        const { shortNames } = this.debug
        return text.replace(/field '([^']+)'/g, (all, name: string) =>
            shortNames !== undefined && Object.hasOwn(shortNames, name) ? `field '${shortNames[name]}'` : all,
        )
    }

    private places(position: number): Place[] {
        const { functions, inlined } = this.debug
        // A saved position is that of the next operation.
        const at = position - 1
        // Sizes include the function's header, so the function is the last one that starts before the position.
        const before = functions.filter(({ startpc }) => startpc <= at).sort((a, b) => b.startpc - a.startpc)
        const entry = before.at(0)
        if (entry === undefined) return []
        const calls = inlined?.filter(({ code }) => code <= at).at(-1)?.calls ?? []
        const names = [...calls.map(({ name }) => name), entry.name]
        const positions = [this.sourcePosition(at), ...calls.map((call) => call.position)]
        return names.map((functionName, i) => ({ functionName, ...this.line(positions[i]) }))
    }

    private sourcePosition(at: number): number {
        const { srcmap } = this.debug
        let position = 0
        let code = 0
        let found = 0
        for (let i = 0; i + 2 < srcmap.length; i += 3) {
            position += srcmap[i]
            code += srcmap[i + 2]
            if (code > at) break
            found = position
        }
        return found
    }

    private line(position: number): { file: string; line: number } {
        let start = 0
        for (const { path, length, text } of this.debug.sources) {
            if (position < start + length)
                return { file: this.fileOf(path), line: text.slice(0, position - start).split("\n").length }
            start += length
        }
        return { file: "?", line: 0 }
    }

    /** The path relative to the current folder, if it is a file of the program. */
    private fileOf(path: string): string {
        const file = join(this.home, path)
        if (!existsSync(file)) return path
        const seen = relative(process.cwd(), file)
        return seen.startsWith("..") ? file : seen
    }
}
