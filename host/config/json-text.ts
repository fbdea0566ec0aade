import { existsSync, readFileSync } from "node:fs"
import {
    findNodeAtLocation,
    getNodeValue,
    type JSONPath,
    type Node,
    type ParseError,
    parseTree,
    printParseErrorCode,
} from "jsonc-parser"
import { UsageError } from "../credentials.js"

/** A JSON file that knows where in it each setting stands. Its contents never appear in messages: one may be a key. */
export class JsonText {
    private constructor(
        /** as it was named, for messages */
        private path: string,
        private text: string,
        private tree: Node,
    ) {}

    /**
     * Throws UsageError when there is no such file, or when it is no JSON: then with line and column.
     * @param example where the documentation shows such a file
     */
    static read(path: string, example = "docs/configuration.md"): JsonText {
        if (!existsSync(path)) throw new UsageError(`${path} is not there; ${example} shows one`)
        const text = readText(path).replace(/^\uFEFF/, "")
        const errors: ParseError[] = []
        const tree = parseTree(text, errors, { disallowComments: true })
        const [first] = errors
        if (first !== undefined)
            throw new UsageError(`${placeIn(path, text, first.offset)}: no JSON: ${wordsOf(first)}`)
        return new JsonText(path, text, tree as Node)
    }

    value(): unknown {
        return getNodeValue(this.tree)
    }

    /** FILE:LINE:COLUMN of a setting, or of the innermost object that it is missing in. */
    place(setting: JSONPath): string {
        const node = findNodeAtLocation(this.tree, setting)
        if (node === undefined) return this.place(setting.slice(0, -1))
        const { offset } = node.parent?.type === "property" ? node.parent : node
        return placeIn(this.path, this.text, offset)
    }
}

function readText(path: string): string {
    try {
        return readFileSync(path, "utf8")
    } catch (error) {
        throw new UsageError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
}

function placeIn(path: string, text: string, offset: number): string {
    const before = text.slice(0, offset).split("\n")
    return `${path}:${before.length}:${(before.at(-1) as string).length + 1}`
}

/** "CommaExpected" becomes "comma expected". */
function wordsOf({ error }: ParseError): string {
    return printParseErrorCode(error)
        .replace(/(?!^)([A-Z])/g, " $1")
        .toLowerCase()
}
