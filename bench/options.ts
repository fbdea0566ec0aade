import { Command, InvalidArgumentError } from "commander"

/** An option as commander writes it, what it is, and its value unless it is given: a number, a whole one from 1 on. */
export type BenchOption = [flags: string, description: string, standard?: string | number]

/** For programs. */
export const JSON_OPTION: BenchOption = ["--json", "print the figures as one line of JSON"]

/**
 * What follows `npm run SCRIPT --`. Ends the program with the usage over --help, and over an option that is not known.
 * @param about one sentence
 */
export function benchOptions<T extends object>(script: string, about: string, options: BenchOption[]): T {
    const command = new Command(`npm run ${script} --`).description(about).allowExcessArguments(false)
    for (const [flags, description, standard] of options)
        if (typeof standard === "number") command.option(flags, description, count, standard)
        else command.option(flags, description, standard)
    return command.showHelpAfterError().parse().opts<T>()
}

function count(text: string): number {
    if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("a whole number from 1 on")
    return Number(text)
}
