/*
 * What processes share below .cache is made by one of them while the others wait. A lock is a file with its owner's process
 * id beside what is made. The lock of an owner that was killed counts for nothing.
 */
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { isAlive } from "../temporary.js"

/** How often a waiting process looks, ms. */
const LOOK = 100
/** Nothing takes longer to make, ms: the id in an older lock has been given to another process, or is another host's. */
const LONGEST = 15 * 60000

/** Whether somebody is at work. False, too, when the lock has gone meanwhile. */
function isHeld(lock: string): boolean {
    try {
        const [host, process] = readFileSync(lock, "utf8").split("\n")
        const isOld = Date.now() - statSync(lock).mtimeMs > LONGEST
        return !isOld && (host !== hostname() || isAlive(Number(process)))
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return false
        throw error
    }
}

/** Links the lock to a file that is whole already: no process sees a lock without an owner. */
function take(lock: string): boolean {
    const own = `${lock}.${process.pid}`
    writeFileSync(own, `${hostname()}\n${process.pid}`)
    try {
        linkSync(own, lock)
        return true
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
        // Taken the next time that this process looks: by then all that saw the dead owner's lock have removed it.
        if (!isHeld(lock)) rmSync(lock, { force: true })
        return false
    } finally {
        rmSync(own)
    }
}

const lockOf = (path: string): string => {
    mkdirSync(dirname(path), { recursive: true })
    return `${path}.lock`
}

function pause(): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK)
}

/**
 * Does work that no other process does meanwhile. It does not return to the event loop while it waits: inside `work` the same
 * path must not be asked for again.
 * @param path what the work is about; the lock lies beside it
 */
export function exclusively<T>(path: string, work: () => T): T {
    const lock = lockOf(path)
    while (!take(lock)) pause()
    try {
        return work()
    } finally {
        rmSync(lock, { force: true })
    }
}

/** As `exclusively`, for work that awaits: other work of this process waits for it, too. */
export async function exclusivelyAsync<T>(path: string, work: () => Promise<T>): Promise<T> {
    const lock = lockOf(path)
    while (!take(lock)) await sleep(LOOK)
    try {
        return await work()
    } finally {
        rmSync(lock, { force: true })
    }
}

/**
 * Makes a file or folder unless it is there.
 * @param make writes it to the path that it is given; what is there has been renamed when it was whole
 * @returns `path`
 */
export function makeOnce(path: string, make: (fresh: string) => void): string {
    if (existsSync(path)) return path
    return exclusively(path, () => {
        if (existsSync(path)) return path
        const fresh = `${path}.${process.pid}`
        rmSync(fresh, { recursive: true, force: true })
        try {
            make(fresh)
            renameSync(fresh, path)
        } finally {
            rmSync(fresh, { recursive: true, force: true })
        }
        return path
    })
}
