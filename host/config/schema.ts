/** The part of JSON Schema that Mote's own schemas use. */
export interface Schema {
    /** without one, `enum` alone says what may be */
    type?: "object" | "string" | "integer" | "array"
    properties?: Record<string, Schema>
    required?: string[]
    additionalProperties?: false
    enum?: (string | boolean | number)[]
    pattern?: string
    minLength?: number
    maxLength?: number
    minimum?: number
    maximum?: number
    items?: Schema
    minItems?: number
    uniqueItems?: boolean
    description?: string
}

/** A pre-shared key as files of devices have it. */
export const pskProperties = {
    identity: { type: "string", minLength: 1, maxLength: 128, description: "PSK identity of this device" },
    key: {
        type: "string",
        pattern: "^([0-9a-fA-F]{2}){1,64}$",
        description: "the key, 2 to 128 hexadecimal digits",
    },
} satisfies Record<string, Schema>

/** Keys and indexes from the outermost value to the one that is meant. */
export type Path = (string | number)[]

/** One thing that is wrong: where, and what would be right. */
export interface Flaw {
    path: Path
    wanted: string
}

/** As JavaScript writes it: wifi.ssid, suites[0]. */
export function pathText(path: Path): string {
    if (path.length === 0) return "all of it"
    return path.map((key, at) => (typeof key === "number" ? `[${key}]` : at === 0 ? key : `.${key}`)).join("")
}

function checkObject(value: object, schema: Schema, path: Path): Flaw[] {
    const properties = schema.properties ?? {}
    const known = Object.keys(properties)
    const entries = Object.entries(value) as [string, unknown][]
    const missing = (schema.required ?? []).filter((key) => !Object.hasOwn(value, key))
    return [
        ...missing.map((key) => ({ path: [...path, key], wanted: `is missing: ${properties[key].description}` })),
        ...entries.flatMap(([key, item]) =>
            Object.hasOwn(properties, key)
                ? check(item, properties[key], [...path, key])
                : [{ path: [...path, key], wanted: `is no setting; there are ${known.join(", ")}` }],
        ),
    ]
}

function checkString(value: string, schema: Schema, path: Path): Flaw[] {
    const flaw = (wanted: string): Flaw[] => [{ path, wanted }]
    if (schema.enum !== undefined && !schema.enum.includes(value)) return flaw(`one of ${schema.enum.join(", ")}`)
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) return flaw(schema.description ?? "")
    const { minLength = 0, maxLength = Infinity } = schema
    return value.length < minLength || value.length > maxLength ? flaw(`${minLength} to ${maxLength} characters`) : []
}

function checkArray(value: unknown[], schema: Schema, path: Path): Flaw[] {
    const items = schema.items as Schema
    if (value.length < (schema.minItems ?? 0)) return [{ path, wanted: `at least ${schema.minItems} of them` }]
    if (schema.uniqueItems === true && new Set(value).size < value.length) return [{ path, wanted: "each one once" }]
    return value.flatMap((item, index) => check(item, items, [...path, index]))
}

function checkInteger(value: unknown, schema: Schema, path: Path): Flaw[] {
    const { minimum = -Infinity, maximum = Infinity, description } = schema
    const about = description === undefined ? "" : `: ${description}`
    const fits = Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum
    return fits ? [] : [{ path, wanted: `a whole number from ${minimum} to ${maximum}${about}` }]
}

/** Among the choices are others than texts: all are told as JSON has them. */
function checkChoice(value: unknown, { enum: choices = [] }: Schema, path: Path): Flaw[] {
    const fits = choices.some((choice) => choice === value)
    return fits ? [] : [{ path, wanted: `one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}` }]
}

/** Everything that is wrong with a value; none: it fits. Values are not repeated: one may be a key in the wrong place. */
export function check(value: unknown, schema: Schema, path: Path = []): Flaw[] {
    switch (schema.type) {
        case "object":
            if (typeof value !== "object" || value === null || Array.isArray(value))
                return [{ path, wanted: "an object" }]
            return checkObject(value, schema, path)
        case "array":
            return Array.isArray(value) ? checkArray(value, schema, path) : [{ path, wanted: "a list" }]
        case "string":
            return typeof value === "string" ? checkString(value, schema, path) : [{ path, wanted: "a text" }]
        case "integer":
            return checkInteger(value, schema, path)
        case undefined:
            return checkChoice(value, schema, path)
    }
}
