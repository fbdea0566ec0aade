/*
 * Shared files below .cache are made by one process while the others wait. A lock is a file with its owner's process id
 * next to the shared file. The lock of an owner that was killed is ignored.
 */
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { dirname } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { isAlive } from "../temporary.js"

/** Polling interval of waiting processes, ms. */
const LOOK = 100
/**
 * Longest validity of a lock, ms: nothing takes longer to make, so the id in an older lock belongs to another process
 * by now, or to another host.
 */
const LONGEST = 15 * 60000

/** Whether the lock's owner is at work. Also false if the lock has disappeared meanwhile. */
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

/** Creates the lock by linking a complete file, so that no process sees a lock without an owner. */
function take(lock: string): boolean {
    const own = `${lock}.${process.pid}`
    writeFileSync(own, `${hostname()}\n${process.pid}`)
    try {
        linkSync(own, lock)
        return true
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
        // It is taken at the next attempt: by then all processes that saw the dead owner's lock have removed it.
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
 * Does work under a lock. Does not return to the event loop while it waits, so `work` must not ask for the same path
 * again.
 * @param path the subject of the work; the lock is next to it
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

/** Like `exclusively`, for asynchronous work; other work in this process waits for it, too. */
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
 * Makes a file or folder unless it exists.
 * @param make writes it to the path passed to it; the result is renamed when complete, so what exists is always
 * complete
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
