import * as ds from "@devicescript/core"
// Objects become dictionaries, by a computed name or by very many fields, while a function uses their fields.
class Meter {
    low = 1
    high = 2
    mean = 3
    sum = 4
    label = "meter"
    read(change: (meter: any) => void): string {
        const before = this.low + this.high
        change(this)
        const after = this.low + this.mean
        change(this)
        return [before, after, this.low, this.high, this.mean, this.sum, this.label].join(" ")
    }
    write(change: (meter: any) => void): string {
        this.low++
        change(this)
        this.high += this.low
        this.mean = this.sum + this.low
        change(this)
        this.sum++
        return [this.low, this.high, this.mean, this.sum, this.label].join(" ")
    }
    loop(change: (meter: any) => void): number {
        let total = 0
        for (let i = 0; i < 4; i++) {
            total += this.low * this.high
            if (i % 2 === 1) change(this)
            this.high = this.mean + i
            total += this.sum
        }
        return total
    }
}
// prettier-ignore
const names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "a26", "a27", "a28", "a29", "a30", "a31", "a32", "a33", "a34", "a35", "a36", "a37", "a38", "a39", "a40", "a41", "a42", "a43", "a44", "a45", "a46", "a47", "a48", "a49", "a50", "a51", "a52", "a53", "a54", "a55", "a56", "a57", "a58", "a59", "a60", "a61", "a62", "a63", "a64", "a65", "a66", "a67", "a68", "a69", "a70", "a71", "a72", "a73", "a74", "a75", "a76", "a77", "a78", "a79", "a80", "a81", "a82", "a83", "a84", "a85", "a86", "a87", "a88", "a89", "a90", "a91", "a92", "a93", "a94", "a95", "a96", "a97", "a98", "a99", "a100", "a101", "a102", "a103", "a104", "a105", "a106", "a107", "a108", "a109", "a110", "a111", "a112", "a113", "a114", "a115", "a116", "a117", "a118", "a119", "a120", "a121", "a122", "a123", "a124", "a125", "a126", "a127", "a128", "a129", "a130", "a131", "a132", "a133", "a134", "a135", "a136", "a137", "a138", "a139"]
let made = 0
function nothing(meter: any): void {
    meter.low += 0
}
function makeName(meter: any): void {
    meter["made" + made++] = made
}
function makeMany(meter: any): void {
    for (const name of names) meter[name] = name
}
function makeText(meter: any): void {
    meter["lo" + "w".slice(0)] = 7
}
function show(meter: any): string {
    return Object.keys(meter).length + " " + Object.values(meter).slice(3, 8).join("/") + " " + meter.a139 + meter.a0
}
for (const change of [nothing, makeName, makeMany, makeText]) {
    const meter = new Meter()
    console.log(meter.read(change), "|", meter.write(change), "|", meter.loop(change), "|", show(meter))
    const other = new Meter()
    makeName(other)
    console.log(other.loop(change), other.write(change), other.read(change), show(other))
}
const dictionary: any = {}
makeMany(dictionary)
for (let i = 0; i < 140; i += 3) delete dictionary["a" + i]
delete dictionary["a139"]
console.log(Object.keys(dictionary).length, dictionary.a0, dictionary.a1, dictionary["a" + 137], dictionary.a138)
for (let i = 0; i < 140; i += 3) dictionary["a" + i] = i
console.log(Object.keys(dictionary).slice(90).join(" "), dictionary.a0, dictionary.a138)
const few: any = { one: 1, two: 2, three: 3 }
few["f" + "our".slice(0)] = 4
delete few.two
few.two = "two"
console.log(JSON.stringify(few), few.four, few["t" + "hree".slice(0)])
for (const name of Object.keys(few)) delete few[name]
few.one = "again"
console.log(JSON.stringify(few), few.two, JSON.stringify(Object.assign({ five: 5 }, few)))
ds.restart()
