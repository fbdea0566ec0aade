/** The forms in which objects could expose a secret. */
function forms(secret: Buffer): string[] {
    const hex = secret.toString("hex")
    return [hex, hex.toUpperCase(), secret.toString("base64"), secret.toString("latin1"), [...secret].join(",")]
}

/** Whether bytes or text contain the secret. */
export function shows(value: string | Uint8Array, secret: Buffer): boolean {
    if (typeof value !== "string") return Buffer.from(value).includes(secret)
    return forms(secret).some((form) => value.includes(form))
}

function membersOf(value: object): [string, unknown][] {
    const members: [string, unknown][] = []
    if (value instanceof Map) for (const [key, item] of value) members.push(["key", key], [String(key), item])
    if (value instanceof Set) for (const item of value) members.push(["item", item])
    if (ArrayBuffer.isView(value)) return [["buffer", value.buffer]]
    for (const key of Reflect.ownKeys(value)) {
        const property = Object.getOwnPropertyDescriptor(value, key)
        members.push([String(key), property?.get === undefined ? property?.value : undefined])
    }
    return members
}

function bytesOf(value: object): Uint8Array | undefined {
    if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value)
    return value instanceof Uint8Array ? value : undefined
}

/**
 * Follows every property of an object, including hidden ones and whole array buffers, as a debugger or a logger could.
 * @returns the paths at which a secret is exposed
 */
export function exposures(start: unknown, secrets: Record<string, Buffer>): string[] {
    const found: string[] = []
    const seen = new Set<unknown>()
    const waiting: [string, unknown][] = [["", start]]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const [path, value] = next
        if (seen.has(value) || value === null || value === undefined) continue
        if (typeof value !== "object" && typeof value !== "function" && typeof value !== "string") continue
        seen.add(value)
        const held = typeof value === "string" ? value : bytesOf(value)
        for (const [name, secret] of Object.entries(secrets))
            if (held !== undefined && shows(held, secret)) found.push(`${path}: ${name}`)
        if (typeof value !== "string")
            for (const [name, member] of membersOf(value)) waiting.push([`${path}.${name}`, member])
    }
    return found
}
