import type ts from "typescript"
import type { TypeSidecar } from "../image/type-sidecar.js"
import { typeSidecar } from "./sidecar/type-sidecar.js"

/*
 * The official compiler, extracted from the bundle of its command line and patched so that it does nothing twice. The
 * patches do not affect images.
 */

/**
 * The parts of the bundle that are used. Its command line and a second copy of the compiler take longer to load than
 * the rest.
 */
const PARTS = ["require_devicescript_vm", "require_devicescript_compiler_node"] as const

/** A file that TypeScript has parsed and bound. */
interface SourceFile {
    fileName: string
    text: string
}

type Parse = (fileName: string, text: string, ...options: unknown[]) => SourceFile

/** Shares parsed source files between the programs compiled in one process, and takes the types of each program. */
export class SharedFiles {
    private readonly parsed = new Map<string, SourceFile>()
    private notes = new Map<object, object>()

    /** Parses a file, unless it has already been parsed with this text. */
    readonly parsing =
        (parse: Parse): Parse =>
        (fileName, text, ...options) => {
            const known = this.parsed.get(fileName)
            const file = known?.text === text ? known : parse(fileName, text, ...options)
            this.parsed.set(fileName, file)
            return file
        }

    /** The compiler's notes on nodes and symbols: they concern one program, while nodes and symbols are shared. */
    readonly noteOf = (object: object): object => {
        const note = this.notes.get(object) ?? {}
        this.notes.set(object, note)
        return note
    }

    private types: (() => TypeSidecar | undefined) | undefined

    /** A program is about to be compiled. */
    readonly note = (typescript: typeof ts, program: ts.Program): void => {
        this.types = () => typeSidecar(typescript, program)
    }

    /** The types of the program that was compiled last. */
    takeTypes(): TypeSidecar | undefined {
        const types = this.types?.()
        this.types = undefined
        return types
    }

    forgetNotes(): void {
        this.notes = new Map()
    }
}

/** Patches of the compiler's text. They use `SharedFiles` as `module.exports.shared`. */
const CHANGES: [from: string, to: string][] = [
    // Avoids checking the types of the compiler's own packages in each program, which took most of its time.
    ["// skipLibCheck: true,", "skipLibCheck: true,"],
    [
        "program2.getSemanticDiagnostics()",
        'program2.getSourceFiles().filter(({ fileName }) => !fileName.includes("node_modules/@devicescript/"))' +
            ".flatMap((file) => program2.getSemanticDiagnostics(file))",
    ],
    // Caches the full names of symbols.
    [
        "let r = this.checker.getFullyQualifiedName(sym);",
        "const fullNames = (this.fullNames ??= new Map());" +
            "if (!fullNames.has(sym)) fullNames.set(sym, this.checker.getFullyQualifiedName(sym));" +
            "let r = fullNames.get(sym);",
    ],
    // Sets the parents of nodes only once, before the type check.
    ["const setParentNodes = true;", "const setParentNodes = false;"],
    // Keeps the program, for its types.
    [
        "return { program: program2, usedFiles",
        "module.exports.shared.note(ts, program2); return { program: program2, usedFiles",
    ],
    // Shares parsed files between programs.
    ["return ts.createSourceFile(", "return module.exports.shared.parsing(ts.createSourceFile)("],
]

/** A patch of TypeScript's parser: skips documentation comments without DeviceScript's tags. */
const COMMENTS: [from: string, to: string] = [
    "ts6.getJSDocCommentRanges(node, sourceText), function(comment) {",
    "ts6.getJSDocCommentRanges(node, sourceText), function(comment) {" +
        'if (!sourceText.slice(comment.pos, comment.end).includes("@d")) return undefined;',
]

const NOTED = /\b\w+(?=\.__ds_|\._devsIsTopLevel)/g

/** Where DeviceScript's compiler begins, after TypeScript's. */
const COMPILER = "var TsHost = class {"

function changed(bundle: string): string {
    const start = bundle.indexOf(COMPILER)
    const text = CHANGES.reduce(replaced, bundle.slice(start))
    return replaced(bundle.slice(0, start), COMMENTS) + text.replace(NOTED, "module.exports.shared.noteOf($&)")
}

function replaced(text: string, [from, to]: [from: string, to: string]): string {
    if (!text.includes(from)) throw new Error(`the compiler no longer has ${from}`)
    return text.replace(from, to)
}

/** The bundle's text without its command line; exports `parts`, functions that return the parts. */
export function compilerSource(file: Buffer): string {
    const helpers = file.toString("utf8", 0, file.indexOf("\n//"))
    const modules = PARTS.map((name) => {
        const start = file.indexOf(`var ${name} = __commonJS({\n`)
        return file.toString("utf8", start, file.indexOf(MODULE_END, start) + MODULE_END.length)
    })
    return changed([helpers, ...modules, `module.exports.parts = [${PARTS.join(", ")}]`].join("\n;"))
}

const MODULE_END = "\n});\n"
