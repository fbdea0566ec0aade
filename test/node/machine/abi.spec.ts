import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import {
    builtinObjects,
    builtinStrings,
    errorKinds,
    FIRST_MULTIBYTE,
    FIRST_SMALL_INT,
    IoError,
    MAX_STACK,
    natives,
    Panic,
    SMALL_INT_ZERO,
    Word,
} from "../../../host/abi/abi.js"
import { nativesOf, readDescription } from "../../../host/abi/description.js"
import { staleAbiFiles } from "../../../host/build/abi.js"
import { root } from "../../../host/build/device.js"
import { abiPrinter, buildNative, missingFor } from "../../../host/build/native.js"
import { operation } from "../../../host/image/ir/operations.js"
import { type HostNatives } from "../../../host/simulator/natives.js"
import { AeadAlgorithm, HashAlgorithm } from "../../../src/dtls/crypto/algorithm-numbers.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { needs } from "../../support/needs.js"

/** Numbers of an enum, in the order of its names. */
const numbersOf = (all: object): number[] => Object.values(all).filter((value) => typeof value === "number")

const line = (name: string, numbers: number[]): string => [name, ...numbers].join(" ")

/** The lines that firmware/test/print_abi.c has to print, as TypeScript knows the ABI. */
function known(): string[] {
    const { immediates } = readDescription()
    const operations = Array.from({ length: 256 }, (_, opcode) => {
        const of = operation(opcode)
        if (of === undefined) return []
        const name = of.name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
        return [`op ${opcode} ${name} ${of.kind} ${of.operands} ${immediates.indexOf(of.immediate)}`]
    })
    return [
        ...operations.flat(),
        line("small", [FIRST_SMALL_INT, SMALL_INT_ZERO]),
        line("multibyte", [FIRST_MULTIBYTE]),
        line("stack", [MAX_STACK]),
        ...builtinObjects.map((name, i) => `object ${i} ${name}`),
        ...builtinStrings.map((text, i) => `string ${i} ${text}`),
        line("words", numbersOf(Word)),
        line("panics", numbersOf(Panic)),
        line("errors", [...errorKinds.keys()]),
        line("hashes", numbersOf(HashAlgorithm)),
        line("aeads", numbersOf(AeadAlgorithm)),
        line("io", numbersOf(IoError)),
        ...Object.entries(natives).map(([name, { arguments: count }]) => `native ${name} ${count}`),
        "",
    ]
}

/** Compiles a file of natives with these lines. @returns gcc's messages */
function compile(...lines: string[]): string {
    const include = ["vm", "natives"].map((folder) => `-I${join(root, "firmware", folder)}`)
    const flags = ["-std=c11", "-Wmissing-prototypes", "-Werror", "-x", "c", "-", "-o", "/dev/null"]
    return spawnSync("gcc", [...include, ...flags], { encoding: "utf8", input: lines.join("\n") }).stderr
}

type Is<A, B> = A extends B ? true : false

describe("the ABI of firmware/abi/abi.json", function () {
    this.timeout(120000)

    it("matches the generated C and TypeScript", async () => {
        deepStrictEqual(await staleAbiFiles(), [], "npm run abi writes them")
    })

    it("is the same in C and in TypeScript", function () {
        needs(this, missingFor(abiPrinter))
        const { stdout, stderr } = spawnSync(buildNative(abiPrinter), { encoding: "utf8" })
        deepStrictEqual(stdout.split("\n"), known(), stderr)
    })

    it("names and numbers I/O errors as GIO does, except FAILED, which has no minus there", () => {
        // src/gio has only the errors that are used.
        const shared = Object.entries(IoError).filter(([name, number]) => name in IOErrorEnum || number in IOErrorEnum)
        ok(shared.length > 5)
        for (const [name, number] of shared) if (name !== "FAILED") strictEqual(IOErrorEnum[number], name)
        ok(!(IoError.FAILED in IOErrorEnum))
    })

    it("has at most 8 arguments per native, as calls have", () => {
        for (const { name, arguments: all } of nativesOf(readDescription())) ok(Object.keys(all).length <= 8, name)
    })

    it("makes the build fail for a C function without an entry, and for an entry without a function", function () {
        needs(this, missingFor(abiPrinter))
        const head = ['#include "native_list.h"', '#include "mote_vm.h"']
        const of = "(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)"
        const body = "{ return (void)vm, (void)receiver, (void)args, count; }"
        const stray = compile(...head, `mote_value mote_native_unheard_of${of}`, body, "int main(void) { return 0; }")
        ok(/no previous prototype for .mote_native_unheard_of/.test(stray), stray)
        const table = ["#define X(name, function, arguments) {#name, function, arguments},", "MOTE_NATIVES(X)"]
        const list = [
            "const mote_native_entry list[] = {",
            ...table,
            "};",
            "int main(void) { return list[0].call == 0; }",
        ]
        ok(/undefined reference to .mote_native_random/.test(compile(...head, ...list)))
        strictEqual(compile(...head, "int main(void) { return 0; }"), "")
    })

    it("makes the compiler report a native that the simulator lacks, and one that only the simulator has", () => {
        // These are types: the test is that this file compiles.
        const isKnown: Is<"_moteUnheardOf", keyof HostNatives> = false
        const mayBeMissing: Is<Omit<HostNatives, "_moteRandom">, HostNatives> = false
        const mayAnswerLater: Is<() => Promise<number>, HostNatives["_moteWallClock"]> = false
        notStrictEqual([isKnown, mayBeMissing, mayAnswerLater].includes(true as never), true)
    })
})
