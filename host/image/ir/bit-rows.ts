/** Sets of small numbers as bits, one set per row: data-flow analyses merge sets far more often than they read them. */
export class BitRows {
    private readonly words: number
    private readonly bits: Int32Array

    constructor(rows: number, columns: number) {
        this.words = (columns + 31) >> 5
        this.bits = new Int32Array(rows * this.words)
    }

    has(row: number, column: number): boolean {
        return (this.bits[row * this.words + (column >> 5)] & (1 << (column & 31))) !== 0
    }

    add(row: number, column: number): void {
        this.bits[row * this.words + (column >> 5)] |= 1 << (column & 31)
    }

    delete(row: number, column: number): void {
        this.bits[row * this.words + (column >> 5)] &= ~(1 << (column & 31))
    }

    /** Adds the elements of another row. Returns true when there was a new one. */
    merge(into: number, from: number): boolean {
        let changed = 0
        for (let i = 0; i < this.words; i++) {
            const before = this.bits[into * this.words + i]
            const after = before | this.bits[from * this.words + i]
            this.bits[into * this.words + i] = after
            changed |= before ^ after
        }
        return changed !== 0
    }

    /** Copies one row over another. */
    assign(to: number, from: number): void {
        this.bits.copyWithin(to * this.words, from * this.words, (from + 1) * this.words)
    }

    /** Removes the elements of another set's row. */
    removeAll(from: number, others: BitRows, removed: number): void {
        for (let i = 0; i < this.words; i++) this.bits[from * this.words + i] &= ~others.bits[removed * this.words + i]
    }

    /** The numbers that a row shares with one of another set, in order. */
    common(row: number, others: BitRows, other: number): number[] {
        const found: number[] = []
        for (let i = 0; i < this.words; i++) {
            const both = this.bits[row * this.words + i] & others.bits[other * this.words + i]
            for (let rest = both; rest !== 0; rest &= rest - 1) found.push(32 * i + 31 - Math.clz32(rest & -rest))
        }
        return found
    }

    /** The numbers in a row, in order. */
    members(row: number): number[] {
        return this.common(row, this, row)
    }
}
