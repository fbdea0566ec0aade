/*
 * The official compiler as the bundle of its command line has it, changed so that it does nothing twice. No change changes an image.
 */

/** What the bundle's file has for a command line, a second copy of the compiler included, takes longer to load than the rest. */
const PARTS = ["require_devicescript_vm", "require_devicescript_compiler_node"] as const

/** A file as TypeScript has parsed and bound it. */
interface SourceFile {
    fileName: string
    text: string
}

type Parse = (fileName: string, text: string, ...options: unknown[]) => SourceFile

/** What programs compiled in one process share: source files. */
export class SharedFiles {
    private readonly parsed = new Map<string, SourceFile>()
    private notes = new Map<object, object>()

    /** Parses a file unless it has been parsed with this text. */
    readonly parsing =
        (parse: Parse): Parse =>
        (fileName, text, ...options) => {
            const known = this.parsed.get(fileName)
            const file = known?.text === text ? known : parse(fileName, text, ...options)
            this.parsed.set(fileName, file)
            return file
        }

    /** What the compiler notes on nodes and symbols: it is about one program, they are shared. */
    readonly noteOf = (object: object): object => {
        const note = this.notes.get(object) ?? {}
        this.notes.set(object, note)
        return note
    }

    forgetNotes(): void {
        this.notes = new Map()
    }
}

/** Changes of the compiler's text, which finds `SharedFiles` as `module.exports.shared`. */
const CHANGES: [from: string, to: string][] = [
    // It checked the types of its own packages with each program, which is most of its time.
    ["// skipLibCheck: true,", "skipLibCheck: true,"],
    [
        "program2.getSemanticDiagnostics()",
        'program2.getSourceFiles().filter(({ fileName }) => !fileName.includes("node_modules/@devicescript/"))' +
            ".flatMap((file) => program2.getSemanticDiagnostics(file))",
    ],
    // It made up the full name of a symbol wherever that is mentioned.
    [
        "let r = this.checker.getFullyQualifiedName(sym);",
        "const fullNames = (this.fullNames ??= new Map());" +
            "if (!fullNames.has(sym)) fullNames.set(sym, this.checker.getFullyQualifiedName(sym));" +
            "let r = fullNames.get(sym);",
    ],
    // It gave nodes their parents as soon as they were parsed, and once more before their types were checked.
    ["const setParentNodes = true;", "const setParentNodes = false;"],
    // It parsed every file anew with each program.
    ["return ts.createSourceFile(", "return module.exports.shared.parsing(ts.createSourceFile)("],
]

/** Of TypeScript's parser, which parsed all comments of documentation: only their tags of DeviceScript mean something here. */
const COMMENTS: [from: string, to: string] = [
    "ts6.getJSDocCommentRanges(node, sourceText), function(comment) {",
    "ts6.getJSDocCommentRanges(node, sourceText), function(comment) {" +
        'if (!sourceText.slice(comment.pos, comment.end).includes("@d")) return undefined;',
]

const NOTED = /\b\w+(?=\.__ds_|\._devsIsTopLevel)/g

/** Where DeviceScript's compiler begins, behind TypeScript's. */
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

/** The bundle's text without its command line; it exports `parts`, functions that give them. */
export function compilerSource(file: Buffer): string {
    const helpers = file.toString("utf8", 0, file.indexOf("\n//"))
    const modules = PARTS.map((name) => {
        const start = file.indexOf(`var ${name} = __commonJS({\n`)
        return file.toString("utf8", start, file.indexOf(MODULE_END, start) + MODULE_END.length)
    })
    return changed([helpers, ...modules, `module.exports.parts = [${PARTS.join(", ")}]`].join("\n;"))
}

const MODULE_END = "\n});\n"
