/** What a resource's values are (OMA LwM2M Core 1.1, appendix C): it says how they are written. */
export enum ValueKind {
    text,
    integer,
    float,
    boolean,
    opaque,
}

/** A value: a string, a number, a boolean or bytes, as the resource's kind has it. */
export type ResourceValue = string | number | boolean | Buffer

/** A resource: what it has of `read`, `write` and `execute` is what a server may do with it. */
export interface Resource {
    id: number
    kind: ValueKind
    /** the value; several for a resource of several instances, which are numbered from 0 */
    read?: () => Promise<ResourceValue | ResourceValue[]>
    write?: (value: ResourceValue) => Promise<void>
    /** whether a value may be written; otherwise the server gets 4.00. Without it, each one may */
    accepts?: (value: ResourceValue) => boolean
    /** @param argument as the server sent it, often "" */
    execute?: (argument: string) => Promise<void>
}

/** An object instance: an object's id and its own, for example 3303 and 0. */
export interface ObjectInstance {
    object: number
    instance: number
    /** of the object's definition, for example "1.1" */
    version: string
    resources: Resource[]
}

/** One value and where it is. */
export interface Leaf {
    instance: number
    resource: number
    /** of the resource's instance; -1: the resource has one value */
    index: number
    kind: ValueKind
    value: ResourceValue
}

/** A readable number or text that stays as it is. */
export function constant(id: number, kind: ValueKind, value: ResourceValue | ResourceValue[]): Resource {
    return { id, kind, read: async () => value }
}
