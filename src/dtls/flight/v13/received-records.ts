import { type RecordNumber } from "../../wire/v13/acknowledgement.js"

/**
 * Records of the peer's current flight that were processed or stored, to be named in our ACK (RFC 9147 §7). A record
 * with a refused part is never among them.
 * @devsWhenUsed
 */
export class ReceivedRecords {
    /** in numerically increasing order */
    private numbers: RecordNumber[] = []
    private refused: RecordNumber | undefined

    /**
     * @param most limit on numbers; beyond it the lowest are forgotten, which at worst makes the peer retransmit them
     */
    constructor(private most: number) {}

    isEmpty(): boolean {
        return this.numbers.length === 0
    }

    add(epoch: number, sequence: number): void {
        const { numbers, refused } = this
        if (refused !== undefined && order(refused, epoch, sequence) === 0) return
        let at = numbers.length
        while (at > 0 && order(numbers[at - 1], epoch, sequence) >= 0) {
            at--
            if (order(numbers[at], epoch, sequence) === 0) return
        }
        this.numbers = [...numbers.slice(0, at), { epoch, sequence }, ...numbers.slice(at, numbers.length)]
        if (this.numbers.length > this.most) this.numbers.shift()
    }

    /** A part of the record was refused, so it must be retransmitted as a whole. */
    refuse(epoch: number, sequence: number): void {
        this.refused = { epoch, sequence }
        this.numbers = this.numbers.filter((number) => order(number, epoch, sequence) !== 0)
    }

    /** The numbers for an ACK. */
    list(): RecordNumber[] {
        return this.numbers
    }

    clear(): void {
        this.numbers = []
    }
}

/** Compares record numbers: negative, zero or positive if `number` is below, equal to or above the other. */
function order(number: RecordNumber, epoch: number, sequence: number): number {
    return number.epoch === epoch ? number.sequence - sequence : number.epoch - epoch
}
