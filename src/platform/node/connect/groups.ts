import { type KeyOperations } from "../../../dtls/crypto/keys.js"
import { hybridKeys } from "../../../dtls/key-exchange/v13/hybrid-keys.js"
import { NamedGroup } from "../../../dtls/wire/code-points.js"
import { NodeKeys } from "../keys.js"
import { mlKem768 } from "../ml-kem.js"

const GROUPS = {
    X25519MLKEM768: NamedGroup.x25519MlKem768,
    X25519: NamedGroup.x25519,
    "P-256": NamedGroup.secp256r1,
} as const

/** A group for the key agreement. X25519MLKEM768 combines X25519 and ML-KEM-768. */
export type GroupName = keyof typeof GROUPS

export const GROUP_NAMES = Object.keys(GROUPS) as GroupName[]

/**
 * Key operations for these groups, the preferred one first. Throws NOT_SUPPORTED if X25519MLKEM768 is among them and neither node:crypto
 * nor a package provides ML-KEM.
 */
export function keysWithGroups(names: readonly GroupName[]): KeyOperations {
    const keys: KeyOperations = names.includes("X25519MLKEM768")
        ? hybridKeys(new NodeKeys(), mlKem768())
        : new NodeKeys()
    keys.groups = names.map((name) => GROUPS[name])
    return keys
}
