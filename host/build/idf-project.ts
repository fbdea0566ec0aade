/*
 * Checks for errors that ESP-IDF's build would report but a compiler alone does not: headers of components that
 * CMakeLists.txt does not require, and names in the port's sdkconfig files that no Kconfig defines.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, join, relative, sep } from "node:path"

const words = (text: string | undefined): string[] => text?.trim().split(/\s+/) ?? []

/** Components whose headers the port may include: those that it requires, and those available to all components. */
function reachable(idf: string, port: string): Set<string> {
    const own = /PRIV_REQUIRES([\s\w]+)\)/.exec(readFileSync(join(port, "CMakeLists.txt"), "utf8"))
    const build = readFileSync(join(idf, "tools", "cmake", "build.cmake"), "utf8")
    const common = [...build.matchAll(/set\(requires_common ([\s\w]+)\)/g)].flatMap(([, names]) => words(names))
    return new Set([...words(own?.[1]), ...common, "riscv"])
}

/** Components that contain a header, judged by the folders that a build could name. */
function ownersOf(idf: string, header: string, folders: string[]): string[] {
    const components = join(idf, "components")
    return folders
        .filter((folder) => folder.startsWith(components) && existsSync(join(folder, header)))
        .map((folder) => relative(components, folder).split(sep)[0])
}

/**
 * Headers from components that are not required.
 * @param folders in which to look for headers
 */
export function unreachableHeaders(idf: string, port: string, files: string[], folders: string[]): string[] {
    const allowed = reachable(idf, port)
    return files.flatMap((file) =>
        [...readFileSync(file, "utf8").matchAll(/^#include <(.+)>/gm)].flatMap(([, header]) => {
            const owners = ownersOf(idf, header, folders)
            const fine = owners.length === 0 || owners.some((owner) => allowed.has(owner))
            return fine ? [] : [`${basename(file)}: ${header} is of ${owners.join(", ")}: PRIV_REQUIRES lacks it`]
        }),
    )
}

function kconfigNames(folder: string, depth: number, names: Set<string>): Set<string> {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name)
        if (entry.isDirectory() && depth > 0) kconfigNames(path, depth - 1, names)
        else if (entry.isFile() && entry.name.startsWith("Kconfig"))
            for (const [, name] of readFileSync(path, "utf8").matchAll(/^\s*(?:menu)?config\s+(\w+)/gm)) names.add(name)
    }
    return names
}

/** Settings that ESP-IDF would drop with only a line in its log. */
export function unknownSettings(idf: string, port: string): string[] {
    const names = kconfigNames(join(idf, "components"), 3, kconfigNames(idf, 0, new Set()))
    return ["sdkconfig.defaults", "sdkconfig.development", "sdkconfig.release"].flatMap((file) =>
        [...readFileSync(join(port, file), "utf8").matchAll(/^CONFIG_(\w+)=/gm)]
            .filter(([, name]) => !names.has(name))
            .map(([, name]) => `${file}: no CONFIG_${name} in this ESP-IDF`),
    )
}
