import { Cancellable } from "../../src/gio/cancellable.js"
import { IOCondition } from "../../src/gio/enums.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"
import { sleep } from "../interop/process.js"
import { type Answer, errorName, type Pair, receive, send, truth } from "./pair.js"

/** One recorded call of the real GIO. */
export interface Recorded extends Answer {
    call: string
    message?: string
    ms?: number
}

const conditions: Record<string, number> = { IN: 1, OUT: 4, "IN|OUT": 5, "0": 0 }

function conditionText(holds: number): string {
    const names = [IOCondition.IN, IOCondition.OUT, IOCondition.ERR, IOCondition.HUP].filter((c) => (holds & c) !== 0)
    return names.length === 0 ? "0" : names.map((c) => IOCondition[c]).join("|")
}

/** 'text' with | between vectors, <N bytes>, (no vectors) */
function vectorsOf(list: string): Buffer[][] {
    return [...list.matchAll(/'([^']*)'|<(\d+) bytes>|(\(no vectors\))/g)].map((match) => {
        if (match[3] !== undefined) return []
        if (match[2] !== undefined) return [Buffer.alloc(Number(match[2]), 120)]
        return match[1].split("|").map((part) => Buffer.from(part))
    })
}

function cancellableFor(call: string, cancelAfter: number | undefined): Cancellable | undefined {
    if (!call.includes("cancellable")) return undefined
    const cancellable = new Cancellable()
    if (cancelAfter === undefined) cancellable.cancel()
    else setTimeout(() => cancellable.cancel(), cancelAfter)
    return cancellable
}

/**
 * Makes a recorded call on our implementation. @returns undefined if this driver does not support the call
 * @param cancelAfter ms until the call's cancellable is cancelled; undefined: before the call
 */
export async function replay(pair: Pair, call: string, cancelAfter: number | undefined): Promise<Answer | undefined> {
    const match = /^(client|server)\.(\w+)\((.*)/s.exec(call)
    if (match === null) return undefined
    const [, side, name, rest] = match as unknown as [string, string, string, string]
    const connection = pair.side(side)
    const cancellable = cancellableFor(call, cancelAfter)
    const flags = Number(/flags=(\d+)/.exec(rest)?.[1] ?? 0)
    const timeout = Number(/timeout=(-?\d+)us/.exec(rest)?.[1] ?? 0)
    const flag = (key: string): boolean => rest.includes(`${key}=true`)
    switch (name) {
        case "send_messages":
            return await send(
                connection,
                vectorsOf(/^\[(.*?)\], flags/s.exec(rest)?.[1] ?? ""),
                flags,
                timeout,
                cancellable,
            )
        case "receive_messages": {
            const shape = /^num=(\d+), vectors=\[([\d,]*)\]/.exec(rest)
            if (shape === null) return undefined
            const sizes = shape[2].split(",").filter(Boolean).map(Number)
            return await receive(connection, Number(shape[1]), sizes, flags, timeout, cancellable)
        }
        case "shutdown":
            return await truth(() => connection.shutdown(flag("read"), flag("write"), cancellable))
        case "handshake":
            return await truth(() => connection.handshake(cancellable))
        case "condition_check":
            return { result: checkText(connection) }
        case "condition_wait":
            return await truth(() => connection.conditionWait(conditionOf(rest), timeout, cancellable))
        case "create_source":
            return await watch(connection, rest)
        case "get_channel_binding_data":
            return binding(connection, rest)
        default:
            return undefined
    }
}

function conditionOf(rest: string): number {
    return conditions[/^([A-Z|0]+)/.exec(rest)?.[1] ?? "0"]
}

function checkText(connection: DtlsConnection): string {
    return Object.entries(conditions)
        .map(([name, condition]) => `${name}->${conditionText(connection.conditionCheck(condition))}`)
        .sort((a, b) => order(a) - order(b))
        .join(", ")
}

function order(entry: string): number {
    return ["IN->", "OUT-", "IN|O", "0->"].findIndex((start) => entry.startsWith(start))
}

/** create_source(C) watched for N ms */
async function watch(connection: DtlsConnection, rest: string): Promise<Answer> {
    const source = connection.createSource(conditionOf(rest))
    let count = 0
    let seen = 0
    source.setCallback((_connection, condition) => {
        count++
        seen = condition
        return true
    })
    source.attach()
    await sleep(Number(/watched for (\d+) ms/.exec(rest)?.[1]))
    source.destroy()
    const often = count === 0 ? "never" : count === 1 ? "once" : "many times"
    return { result: `dispatched ${often}, callback condition ${count === 0 ? "-" : conditionText(seen)}` }
}

function binding(connection: DtlsConnection, rest: string): Answer {
    const types = ["TLS_UNIQUE", "TLS_SERVER_END_POINT", "TLS_EXPORTER"]
    const type = types.findIndex((name) => rest.includes(name))
    try {
        const data = connection.getChannelBindingData(type < 0 ? 99 : type)
        return { result: "true", detail: `${data.length} bytes` }
    } catch (error) {
        return { result: "false", error: errorName(error), detail: "0 bytes" }
    }
}
