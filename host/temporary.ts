/*
 * The one owner of folders in the temporary directory. A process has one parent folder there, named with its id, with all
 * its folders inside. The parent is removed when the process exits or a signal ends it; what a killed process could not
 * remove, the next one removes. Some of these folders hold keys.
 */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"

/** The host is in the name since only there the id says whether the owner lives: containers may share the directory. */
const PREFIX = `mote-${hostname()}-`
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

let parent: string | undefined

/** An empty folder for this process alone (mode 0700), gone when the process is. @param purpose first part of its name */
export function temporaryFolder(purpose: string): string {
    parent ??= newParent()
    return mkdtempSync(join(parent, `${purpose}-`))
}

/** Removes what processes that were killed have left. */
export function sweepTemporaryFolders(): void {
    for (const name of readdirSync(tmpdir())) {
        const path = join(tmpdir(), name)
        const owner = ownerOf(name)
        if (owner !== undefined && !isAlive(owner) && isOurs(path)) remove(path)
    }
}

function newParent(): string {
    sweepTemporaryFolders()
    const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
    process.once("exit", () => {
        remove(folder)
        sweepTemporaryFolders()
    })
    // First in line: a handler that the application added with `once` is still counted.
    for (const signal of SIGNALS) process.prependListener(signal, exitUnlessHandled)
    return folder
}

/** What a signal does without a handler, after the folders have been removed: the process ends by that signal. */
function exitUnlessHandled(signal: NodeJS.Signals): void {
    if (process.listenerCount(signal) > 1) return
    if (parent !== undefined) remove(parent)
    process.removeListener(signal, exitUnlessHandled)
    process.kill(process.pid, signal)
}

/** The process that made a folder; undefined for other folders. */
function ownerOf(name: string): number | undefined {
    const id = name.startsWith(PREFIX) ? /^(\d+)-/.exec(name.slice(PREFIX.length))?.[1] : undefined
    return id === undefined ? undefined : Number(id)
}

/** Whether a process of this host runs. */
export function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0)
        return true
    } catch (error) {
        // EPERM: a process of another user.
        return (error as NodeJS.ErrnoException).code !== "ESRCH"
    }
}

/** Not another user's. Gone meanwhile: another process sweeps, too. */
function isOurs(path: string): boolean {
    const owner = lstatSync(path, { throwIfNoEntry: false })?.uid
    return owner !== undefined && owner === (process.getuid?.() ?? owner)
}

/** Retries: a child that ends at the same moment may still write into it. */
function remove(folder: string): void {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
