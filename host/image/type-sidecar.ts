/*
 * What TypeScript's checker knows of a program, and its image does not say. The compiler's image is the same with and without it.
 */

export interface TypeSidecar {
    /**
     * Names of methods that may be looked up in objects which do not have them as their types say: `any`, an assertion or another gap
     * in TypeScript's type system is on the way there.
     */
    unsound: string[]
    computed: Computed
}

/**
 * Whose names are worked out while the program runs: nobody's, those of fields of objects without a class, or anybody's.
 * An optimized image notes it in its header, as a place in this list from 1 on.
 */
export const COMPUTED = ["nothing", "fields", "members"] as const
export type Computed = (typeof COMPUTED)[number]

/** Of programs without a sidecar. */
export const UNTYPED: TypeSidecar = { unsound: [], computed: "members" }

/** Of images that are only looked at, so that nothing is decided by their types. */
export const UNDOUBTED: TypeSidecar = { unsound: [], computed: "nothing" }
