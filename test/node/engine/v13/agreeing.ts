import { ok, strictEqual } from "node:assert/strict"
import { clientRoleV13 } from "../../../../src/dtls/association/v13/roles.js"
import { type KeyOperations } from "../../../../src/dtls/crypto/keys.js"
import { newExchangeV13 } from "../../../../src/dtls/endpoint/v13/hello-exchange.js"
import { type Question, QuestionKind } from "../../../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { keyShares } from "../../../../src/dtls/key-exchange/v13/key-shares.js"
import { KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { IDENTITY, testKey, testSettings } from "../../../engine/simulation.js"
import { seededRandom, SpyCrypto } from "../../../support/spy-crypto.js"
import { drawnFaults } from "../../../support/seeded-faults.js"
import { isSettled } from "./versions.js"

/** A side with a pre-shared key and key agreement. */
export interface AgreeingSide {
    /** undefined: it supports only psk_ke */
    keys: KeyOperations | undefined
    /** psk_ke is refused; default true */
    required?: boolean | undefined
    /** path budget, bytes; default 1232 */
    path?: number | undefined
}

/** Offset of the server's seeds from the client's. */
export const SERVER_SEEDS = 5000

function settingsOf({ keys, required = true, path = 1232 }: AgreeingSide, seed: number): AssociationSettings {
    const crypto = new SpyCrypto(seed)
    return {
        ...testSettings(crypto),
        suites: [TLS_AES_128_CCM_SHA256()],
        extensions: keys === undefined ? [] : [keyShares(keys, required)(crypto)],
        pathBudget: path,
    }
}

function answer(question: Question): object | undefined {
    const isAboutKey = question.kind === QuestionKind.psk || question.kind === QuestionKind.clientPsk
    return isAboutKey ? { identity: Buffer.from(IDENTITY), key: testKey() } : undefined
}

/** Two sides with the same pre-shared key. The server has extensions for only one association. */
export function agreeing(client: AgreeingSide, server: AgreeingSide, seed: number): KeyedSimulation {
    const settings = [settingsOf(client, seed), settingsOf(server, seed + SERVER_SEEDS)] as const
    return new KeyedSimulation(...settings, answer, answer, {
        clientRole: clientRoleV13,
        newExchange: newExchangeV13(),
    })
}

/** Checks that both sides are done by then, and have the same secrets. */
export async function completes(s: KeyedSimulation, until: number): Promise<void> {
    await s.shakeHands(until)
    ok(isSettled(s), JSON.stringify(s.client.failure))
    const [ours, theirs] = [s.client, s.serverAssociation()].map((side) =>
        side.exportKeyingMaterial("EXPORTER-test", undefined, 32)?.toString("hex"),
    )
    ok(ours !== undefined)
    strictEqual(ours, theirs)
}

/** A link whose path budget and faults are determined by one seed. @param simulate makes both sides for that path */
export function drawnLink(
    seed: number,
    simulate: (path: number, isFirst: boolean) => KeyedSimulation,
): KeyedSimulation {
    const random = seededRandom(seed * 2 + 1)
    const path = [1232, 548, 228][Math.floor(random() * 3)]
    const s = simulate(path, random() < 0.5)
    s.fault = drawnFaults(random)
    return s
}
