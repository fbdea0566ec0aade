import { type Kit } from "../kit.js"
import { engineTests } from "./all.js"

/** Names of the tests that run in both languages. */
export function engineTestNames(): string[] {
    const names: string[] = []
    const kit = {
        describe: (_name: string, body: () => void) => body(),
        test: (name: string) => names.push(name),
        equal: () => undefined,
    }
    engineTests(kit as unknown as Kit)
    return names
}
