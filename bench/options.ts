import { Command, InvalidArgumentError } from "commander"

/**
 * An option in commander's notation, its description, and its default; an option with a numeric default takes a whole
 * number from 1 on.
 */
export type BenchOption = [flags: string, description: string, standard?: string | number]

/** Output for other programs. */
export const JSON_OPTION: BenchOption = ["--json", "print the figures as one line of JSON"]

/**
 * Parses what follows `npm run SCRIPT --`. Ends the program with the usage on --help and on an unknown option.
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
