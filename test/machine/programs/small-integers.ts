import * as ds from "@devicescript/core"
// Counters and what is computed of them, up to and beyond the limits of small integers (-2^30 and 2^30 - 1) and of 32 bits. A
// result that is too large becomes a double, in the middle of a loop, and the loop goes on with it.

function shown(value: number): number {
    return value
}

function upwards(): string {
    const seen: number[] = []
    for (let i = 1073741820; i < 1073741830; i++) seen.push(i)
    for (let i = 1073741820; i < 1073741830; i += 3) seen.push(shown(i) + i)
    return seen.join()
}

function downwards(): string {
    const seen: number[] = []
    for (let i = -1073741820; i > -1073741830; i--) seen.push(shown(i))
    return seen.join()
}

function doubled(times: number): string {
    let value = 1
    let sum = -5
    for (let i = 0; i < times; i++) {
        value = value + value
        sum = sum + shown(sum) - i
    }
    return value + " " + sum
}

function shifted(): string {
    let seen: number[] = []
    let bits = 1
    for (let i = 0; i < 40; i++) {
        const high = bits << 1
        seen.push(high, high >> 3, bits >> 31, (bits ^ high) & 255, bits | high)
        bits = high === 0 ? -3 : high
        if (i % 8 === 7) {
            console.log(seen.join())
            seen = []
        }
    }
    let by = 33
    seen.push(5 << by, -5 >> by, 1 << 30, 1 << 31, (1 << 30) - (1 << 31))
    by = 30
    seen.push(3 << by, -1 << by, (-1 << by) - 1, (1 << by) + (1 << by))
    return seen.join()
}

function compared(): string {
    const seen: boolean[] = []
    let low = -1073741824
    let high = 1073741823
    for (let i = 0; i < 3; i++) {
        seen.push(low < high, low - high < 0, high - low > 0, low + low < high, low - 1 <= low, high + 1 === high, high + 1 !== low)
        seen.push(low === high - 2147483647, !low, !(i + low), high + 1 > high)
        low = low + 1
        high = high - 1
        if (shown(i) === 5) return ""
    }
    return seen.join()
}

/** Different kinds of values in one variable. */
function mixed(flag: number): string {
    let value: any = 3
    const seen: string[] = []
    for (let i = 0; i < 4; i++) {
        if (i === flag) value = "text"
        else value = i * 2 + (i << 2)
        seen.push("" + (value + 1))
        value = i === 2 ? undefined : i
        seen.push(value === undefined ? "none" : "" + (value - 1))
    }
    return seen.join()
}

function backwards(list: number[]): number {
    let sum = 0
    for (let i = list.length - 1; i >= 0; i--) sum = (sum << 1) ^ list[i]
    let left = 10
    while (left > 0) {
        left = left - 3
        if (left < -1) break
    }
    return sum * 100 + left
}

function nested(): number {
    let count = 0
    for (let i = 0; i < 5; i++) for (let j = i; j < 5; j++) if (((i + j) & 1) === 0) count = count + shown(j - i)
    return count
}

console.log(upwards())
console.log(downwards())
console.log(doubled(29), doubled(31), doubled(33), doubled(60))
console.log(shifted())
console.log(compared())
console.log(mixed(1), mixed(9))
console.log(backwards([1, 2, 3, 255]), backwards([]), nested())
ds.restart()
