/** Data type of a resource (OMA LwM2M Core 1.1, appendix C), which determines how its values are written. */
export enum ValueKind {
    text,
    /** Integer or Time (Unix seconds): whole numbers, exact up to 2^53 */
    integer,
    /** finite numbers, written as floating-point numbers even if they are whole */
    float,
    boolean,
    opaque,
}

/** A value: a string, a number, a boolean or bytes, depending on the resource's kind. */
export type ResourceValue = string | number | boolean | Buffer

/** A resource. A server may read, write or execute it if it has the method `read`, `write` or `execute`. */
export interface Resource {
    id: number
    kind: ValueKind
    /** returns the value, or an array for a resource with several instances, which are numbered from 0 */
    read?: () => Promise<ResourceValue | ResourceValue[]>
    write?: (value: ResourceValue) => Promise<void>
    /** whether a value may be written; if not, the server gets 4.00. Without this method every value may be written */
    accepts?: (value: ResourceValue) => boolean
    /** @param argument the argument that the server sent, often "" */
    execute?: (argument: string) => Promise<void>
}

/** An object instance: the id of the object and that of the instance, for example 3303 and 0. */
export interface ObjectInstance {
    object: number
    instance: number
    /** version of the object's definition, for example "1.1" */
    version: string
    resources: Resource[]
}

/** A value and its position. */
export interface Leaf {
    instance: number
    resource: number
    /** id of the resource instance; -1: the resource has a single value */
    index: number
    kind: ValueKind
    value: ResourceValue
}

/** Makes a read-only resource whose value never changes. */
export function constant(id: number, kind: ValueKind, value: ResourceValue | ResourceValue[]): Resource {
    return { id, kind, read: async () => value }
}
