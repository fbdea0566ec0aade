/* npm run check:tsan: runs the Linux device under ThreadSanitizer, with all kinds of background work. */
import { spawnSync } from "node:child_process"
import { cachedDeviceImage } from "./device.js"
import { buildNative, missingFor, threadCheckedDevice } from "./native.js"

function certificate(): string {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null"]
    const made = spawnSync("openssl", ["req", "-x509", ...key, "-subj", "/CN=threads", "-days", "2", "-outform", "DER"])
    if (made.status !== 0) throw new Error("openssl is needed to make a certificate")
    return made.stdout.toString("hex")
}

/** @returns the exit code: 0 if no race was found and all answers were right */
function checkThreads(): number {
    const missing = missingFor(threadCheckedDevice)
    if (missing !== undefined) throw new Error(missing)
    const program = cachedDeviceImage("test/device/natives/workers.ts").path
    const device = buildNative(threadCheckedDevice)
    // Disables address space randomization, because the sanitizer does not support the layouts of all kernels.
    const command = ["-R", device, "--guard", "0", "--setting", `certificate=${certificate()}`, program]
    const { status, stdout, stderr, error } = spawnSync("setarch", command, { encoding: "utf8", timeout: 600000 })
    if (error !== undefined) throw error
    const races = [...stderr.matchAll(/WARNING: ThreadSanitizer/g)].length
    process.stdout.write(`${stdout}${stderr}ThreadSanitizer: ${races} reports, exit code ${status ?? "none"}\n`)
    return races === 0 && status === 0 && stdout.includes("all right") ? 0 : 1
}

try {
    process.exitCode = checkThreads()
} catch (error) {
    process.stderr.write(`check:tsan: ${(error as Error).message}\n`)
    process.exitCode = 2
}
