/** How many readings of a sensor were acknowledged: those numbered from 1 to that. */
export interface LedgerEntry {
    sensor: string
    identity: string
    acknowledged: number
}

/** What a sink has of a reading; `ReadingRecord` of mote-gateway is one. */
export interface KeptRecord {
    identity: string
    readings: { name: string; value: number }[]
}

export function ledgerText(entries: LedgerEntry[]): string {
    return entries.map(({ sensor, identity, acknowledged }) => `${sensor},${identity},${acknowledged}\n`).join("")
}

/** What `ledgerText` wrote. */
export function readLedger(text: string): LedgerEntry[] {
    const lines = text.split("\n").filter((line) => line !== "")
    return lines.map((line) => {
        const cells = line.split(",")
        // An identity may have commas.
        return { sensor: cells[0], identity: cells.slice(1, -1).join(","), acknowledged: Number(cells.at(-1)) }
    })
}

/** What a sink has of that which a swarm heard acknowledged. */
export interface Comparison {
    acknowledged: number
    kept: number
    /** acknowledged readings that are not there, such as "s7 of sensor7: 12" */
    missing: string[]
    /** readings that are there more than once, with the same number */
    twice: string[]
}

/** Looks for what was acknowledged in what a sink kept. */
export function compare(ledger: LedgerEntry[], records: KeptRecord[]): Comparison {
    const counts = new Map<string, number>()
    for (const { identity, readings } of records)
        for (const { name, value } of readings) {
            const reading = `${name} of ${identity}: ${value}`
            counts.set(reading, (counts.get(reading) ?? 0) + 1)
        }
    const acknowledged = ledger.flatMap((entry) => readingsOf(entry))
    return {
        acknowledged: acknowledged.length,
        kept: records.length,
        missing: acknowledged.filter((reading) => !counts.has(reading)),
        twice: [...counts].filter(([, count]) => count > 1).map(([reading]) => reading),
    }
}

function readingsOf({ sensor, identity, acknowledged }: LedgerEntry): string[] {
    return Array.from({ length: acknowledged }, (_, index) => `${sensor} of ${identity}: ${index + 1}`)
}
