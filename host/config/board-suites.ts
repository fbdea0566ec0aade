/* Which of a configuration's cipher suites the crypto library of its board has. */
import { AeadAlgorithm, HashAlgorithm } from "../../src/dtls/crypto/algorithms.js"
import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { SUITE_GROUPS, type SuiteGroup } from "../build/device-suites.js"
import { UsageError } from "../credentials.js"
import { type Refuse } from "./device-certificates.js"

/** By its name in the ABI. */
export type Algorithm = keyof typeof AeadAlgorithm | keyof typeof HashAlgorithm

interface Limited {
    title: string
    lacks?: Algorithm[]
}

/** Whether a board's crypto library does not have it. */
export function lacks(board: Limited, algorithm: string): boolean {
    return board.lacks?.some((lacking) => lacking === algorithm) === true
}

function has(board: Limited, { aead, hash }: CipherSuite): boolean {
    return !lacks(board, AeadAlgorithm[aead.algorithm]) && !lacks(board, HashAlgorithm[hash.algorithm])
}

const KEYS = { psk: " with a pre-shared key", certificates: " with certificates", both: "" }

function refusal({ version, keys, suites }: SuiteGroup, names: string[], board: Limited): string {
    const named = suites.filter(({ name }) => names.includes(name)).map(({ name }) => name)
    const there = suites.filter((suite) => has(board, suite)).map(({ name }) => name)
    return `${board.title} does not have ${named.join(", ")}; of DTLS ${version}${KEYS[keys]} it has ${there.join(", ")}`
}

/**
 * Parts suites that a file names. Throws UsageError where a board has none of a version and kind of keys: the device would
 * try for ever.
 */
export function suitesOfBoard(
    names: string[],
    board: Limited,
    refuse: Refuse,
): { suites: string[]; lackingSuites: string[] } {
    const of = (group: SuiteGroup): CipherSuite[] => group.suites.filter(({ name }) => names.includes(name))
    const idle = SUITE_GROUPS.find((group) => of(group).length > 0 && !of(group).some((suite) => has(board, suite)))
    if (idle !== undefined) throw new UsageError(refuse(["suites"], refusal(idle, names, board)))
    const lacking = SUITE_GROUPS.flatMap(of).filter((suite) => !has(board, suite))
    const isThere = (name: string): boolean => lacking.every((suite) => suite.name !== name)
    return { suites: names.filter(isThere), lackingSuites: names.filter((name) => !isThere(name)) }
}
