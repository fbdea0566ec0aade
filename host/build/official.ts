/* The official WebAssembly machine, run inside this process. */
import { officialInstance } from "./compiler.js"

export interface OfficialRun {
    /** console lines of the program, without level */
    lines: string[]
    /** 0: ds.restart() */
    panic: number
    /** the machine's own messages at the end: exception, message, stack trace */
    ending: string[]
    /** ms spent inside the machine */
    busy: number
}

/** Lines from which on the machine reports the end of the program. */
const ENDING = /^(\* RESTART requested|! Unhandled exception)/

/** Runs an image in the official machine until it ends. */
export async function runOfficial(
    image: Uint8Array,
    gcStress: boolean,
    timeout: number,
    print: (line: string) => void = () => undefined,
): Promise<OfficialRun> {
    const machine = await officialInstance()
    const lines: string[] = []
    const ending: string[] = []
    let started = false
    let ended = false
    let busy = 0
    const process_ = machine._jd_em_process.bind(machine)
    machine._jd_em_process = () => {
        const begin = performance.now()
        const next = process_()
        busy += performance.now() - begin
        // Throwing is the only way to stop the machine, which would otherwise set its timer again.
        if (ended) throw new Error("ended")
        return next
    }
    Object.assign(machine, { log: () => undefined, error: () => undefined, flashLoad: null, flashSave: null })
    machine.sendPacket = () => undefined
    const panic = await new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => {
            ended = true
            machine.devsStop()
            reject(new Error(`the official machine did not end within ${timeout} ms; so far:\n${lines.join("\n")}`))
        }, timeout)
        machine.dmesg = (line) => {
            if (!started) started = line.startsWith("* start: ")
            else if (ENDING.test(line)) machine.dmesg = (own) => ending.push(own)
            else if (/^[>*!?#] /.test(line)) {
                lines.push(line.slice(2))
                print(line.slice(2))
            }
        }
        machine.panicHandler = (code) => {
            clearTimeout(timer)
            ended = true
            machine.dmesg = () => undefined
            resolve(code)
        }
        machine.devsGcStress(gcStress)
        machine.devsSetDeviceId("12abdd2289421234")
        machine.devsStart()
        if (machine.devsDeploy(image) !== 0) reject(new Error("the official machine refuses the image"))
    })
    return { lines, ending, panic, busy }
}
