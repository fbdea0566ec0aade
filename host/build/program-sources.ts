/* Collects the files of a DeviceScript program, resolving imports like the compiler. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path"
import { UsageError } from "../credentials.js"
import { folderWith, root } from "../folders.js"

export interface ProgramSources {
    /** main file, relative to `home` */
    entry: string
    /**
     * folder to which the program's own files are relative: its project's, or the innermost one above it that contains
     * all of them
     */
    home: string
    /**
     * contents by path relative to `home`, or by absolute path if imported that way; packages are below node_modules
     */
    files: Map<string, string>
}

/** The parts of a package.json that affect how the compiler resolves it. */
interface Manifest {
    name: string
    main?: string
    /** sources by subpath: the compiler resolves like TypeScript before it supported "exports" */
    typesVersions?: { "*"?: Record<string, [string]> }
}

const IMPORT = /\b(?:from|import)\s*["']([^"']+)["']/g

function importsOf(source: string): string[] {
    return [...source.matchAll(IMPORT)].map(([, name]) => name)
}

/** The file of a relative import; undefined if there is none, which the compiler will report. */
function fileOf(importer: string, name: string): string | undefined {
    const base = resolve(dirname(importer), name)
    const places = [base.replace(/\.js$/, ".ts"), `${base}.ts`, join(base, "index.ts")]
    return places.find((place) => place.endsWith(".ts") && existsSync(place))
}

/** Files that a program imports by relative paths, including itself. */
function modulesOf(entry: string): string[] {
    const found = new Set<string>()
    const queue = [entry]
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
        if (found.has(path)) continue
        found.add(path)
        for (const name of importsOf(readFileSync(path, "utf8"))) {
            const file = name.startsWith(".") ? fileOf(path, name) : undefined
            if (file !== undefined) queue.push(file)
        }
    }
    return [...found]
}

/**
 * Files that a module imports, directly or indirectly.
 * @param source the module's contents, which may differ from its file's
 */
export function modulesBelow(path: string, source: string): string[] {
    const files = importsOf(source).map((name) => fileOf(path, name))
    return files.flatMap((file) => (file === undefined ? [] : modulesOf(file)))
}

/** Files that modules import by absolute paths, with everything that these import. */
function absoluteModulesOf(modules: string[]): string[] {
    const imports = modules.flatMap((path) => importsOf(readFileSync(path, "utf8")).filter((name) => isAbsolute(name)))
    return imports.flatMap((name) => modulesOf(fileOf(name, name) ?? missing(name)))
}

/**
 * Throws, because the compiler ignores a side-effect import of a missing module, and the program would silently lack
 * it.
 */
function missing(name: string): never {
    throw new UsageError(`${name}, which the program imports, is not there`)
}

/** The innermost folder that contains all files. */
function commonFolder(paths: string[]): string {
    let folder = dirname(paths[0])
    while (!paths.every((path) => path.startsWith(folder + sep) || folder === dirname(folder))) folder = dirname(folder)
    return folder
}

const readManifest = (folder: string): Manifest =>
    JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest

/** A package's folder. For Mote itself it is always the copy that compiles, wherever the program is. */
function packageFolder(name: string, importer: string): string | undefined {
    if (name === readManifest(root).name) return root
    const above = folderWith(dirname(importer), join("node_modules", name, "package.json"))
    return above === undefined ? undefined : join(above, "node_modules", name)
}

/** The source file for `NAME` or `NAME/SUBPATH`. */
function packageEntry(folder: string, subpath: string): string {
    const { name, main = "index.ts", typesVersions } = readManifest(folder)
    const sources = typesVersions?.["*"] ?? {}
    const source = subpath === "" ? main : sources[subpath]?.[0]
    const entry = source === undefined ? undefined : fileOf(join(folder, "package.json"), `./${source}`)
    if (entry !== undefined) return entry
    const known = Object.keys(sources).map((key) => `${name}/${key}`)
    const others = known.length === 0 ? "it has no DeviceScript sources" : `for devices there are ${known.join(", ")}`
    throw new UsageError(`${subpath === "" ? name : `${name}/${subpath}`} cannot be compiled for a device: ${others}`)
}

/** The packages that some modules import, each with its files. The compiler's own packages are built in. */
function* packagesOf(modules: string[]): Generator<{ name: string; folder: string; modules: string[] }> {
    const seen = new Set<string>()
    const queue = [...modules]
    for (let importer = queue.pop(); importer !== undefined; importer = queue.pop())
        for (const specifier of importsOf(readFileSync(importer, "utf8"))) {
            if (/^[./]|^@devicescript\//.test(specifier) || seen.has(specifier)) continue
            seen.add(specifier)
            const [, name, subpath] = /^((?:@[^/]+\/)?[^/]+)\/?(.*)$/.exec(specifier) as string[]
            const folder = packageFolder(name, importer)
            if (folder === undefined) continue // reported by the compiler
            const found = modulesOf(packageEntry(folder, subpath))
            queue.push(...found)
            yield { name, folder, modules: found }
        }
}

/**
 * Collects all files of a program.
 * @param path of the main file
 */
export function programSources(path: string): ProgramSources {
    const own = modulesOf(path)
    const project = folderWith(dirname(path), "package.json")
    const home = commonFolder(project === undefined ? own : [...own, join(project, "package.json")])
    const files = new Map(own.map((file) => [relative(home, file), readFileSync(file, "utf8")]))
    for (const { name, folder, modules } of packagesOf(own))
        for (const file of [join(folder, "package.json"), ...modules])
            files.set(join("node_modules", name, relative(folder, file)), readFileSync(file, "utf8"))
    for (const file of absoluteModulesOf(own)) files.set(file, readFileSync(file, "utf8"))
    return { entry: relative(home, path), home, files }
}
