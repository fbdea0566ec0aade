/* Command options that become hello extensions. */
import { type Command, Option } from "commander"
import { type KeyOperations } from "../../src/dtls/crypto/keys.js"
import { connectionIds } from "../../src/dtls/handshake/connection-ids.js"
import { maxFragmentLength, recordSizeLimit } from "../../src/dtls/handshake/record-limits.js"
import { enhancedReturnRoutability, returnRoutability } from "../../src/dtls/handshake/return-routability.js"
import { connectionIdsV13 } from "../../src/dtls/handshake/v13/connection-ids.js"
import { keyShares } from "../../src/dtls/key-exchange/v13/key-shares.js"
import { GError } from "../../src/gio/errors.js"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { type PublicKeys } from "../../src/platform/node/connect/certificate-options.js"
import { GROUP_NAMES, type GroupName, keysWithGroups } from "../../src/platform/node/connect/groups.js"
import { HASH_NAMES, type ImportedPsk, importing } from "../../src/platform/node/connect/imported-psk.js"
import { type Versions } from "../../src/platform/node/connect/versions.js"
import { NodeKeys } from "../../src/platform/node/keys.js"
import { UsageError } from "../credentials.js"
import { choice, whole } from "./parsers.js"

/** Options about hello extensions. */
export interface HelloOptions {
    group?: GroupName[]
    importPsk?: ImportedPsk["hash"]
    importContext?: string | undefined
    cid?: number
    returnRoutability?: "basic" | "enhanced"
    /** bytes */
    recordSize?: number
    maxFragment?: string
}

type Extensions = DtlsSettings["extensions"]

export function addKeyOptions(command: Command): Command {
    return command
        .addOption(
            choice(
                "--group <NAME>",
                "group for the key agreement in DTLS 1.3; repeatable, preferred first",
                GROUP_NAMES,
            ).argParser(groupName),
        )
        .addOption(
            choice(
                "--import-psk <HASH>",
                "with --min-version 1.3: import the keys (RFC 9258), each with this hash; both sides have to do the same",
                HASH_NAMES,
            ),
        )
        .option(
            "--import-context <TEXT>",
            "with --import-psk: context that the keys are bound to, such as the names of both sides",
        )
}

export function addRecordOptions(command: Command): Command {
    return command
        .addOption(
            new Option(
                "--cid <BYTES>",
                "use connection ids (RFC 9146), so that sessions survive a new address of the client; length of our own id, " +
                    "0 to 255: 1 or more on a server (8 are plenty), 0 on a client (default: no connection ids)",
            ).argParser(whole("--cid", 0, 255)),
        )
        .addOption(
            choice(
                "--return-routability <FORM>",
                "with --cid: how a new address of the peer is checked (RFC 9853): basic (the default), or enhanced, which " +
                    "asks the previous address first",
                ["basic", "enhanced"],
            ),
        )
        .addOption(
            new Option(
                "--record-size <BYTES>",
                "limit the peer's records to this size, 64 to 16384 (RFC 8449); takes precedence over --max-fragment if the " +
                    "peer supports it",
            ).argParser(whole("--record-size", 64, 16384)),
        )
        .addOption(
            choice(
                "--max-fragment <BYTES>",
                "limit the records of both sides to this size (RFC 6066 §4); 0 on a server: the client chooses",
                ["0", "512", "1024", "2048", "4096"],
            ),
        )
}

/** Throws UsageError for an option that has no effect with another option or with the versions. */
export function extensionsOf(
    options: HelloOptions,
    { oldest, newest }: Versions,
    certificates: PublicKeys | undefined,
): Extensions {
    const isNewer = newest === "1.3"
    checkVersions(options, isNewer)
    return [
        ...idsOf(options, isNewer),
        ...(isNewer ? [keyShares(agreementKeys(options), false)] : []),
        ...(isNewer && certificates !== undefined ? [certificates.authentication] : []),
        ...importOf(options, oldest === "1.3"),
        ...(options.recordSize === undefined ? [] : [recordSizeLimit(options.recordSize)]),
        ...(options.maxFragment === undefined ? [] : [maxFragmentLength(Number(options.maxFragment))]),
    ]
}

/** Refuses options that exist in only one version. */
function checkVersions({ group, maxFragment }: HelloOptions, isNewer: boolean): void {
    if (!isNewer && group !== undefined) throw new UsageError("--group: needs DTLS 1.3")
    if (isNewer && maxFragment !== undefined) throw new UsageError("--max-fragment: not in DTLS 1.3; use --record-size")
}

function idsOf({ cid, returnRoutability: form }: HelloOptions, isNewer: boolean): Extensions {
    if (form !== undefined && cid === undefined) throw new UsageError("--return-routability: needs --cid")
    if (cid === undefined) return []
    const ids = isNewer ? connectionIdsV13(cid, 0) : connectionIds(cid)
    return [ids, form === "enhanced" ? enhancedReturnRoutability() : returnRoutability()]
}

/** In DTLS 1.2 the key would be used without import (RFC 9258 §3). */
function importOf({ importPsk: hash, importContext: context }: HelloOptions, isNewerAlone: boolean): Extensions {
    if (context !== undefined && hash === undefined) throw new UsageError("--import-context: needs --import-psk")
    if (hash === undefined) return []
    if (!isNewerAlone) throw new UsageError("--import-psk: needs --min-version 1.3")
    return [importing({ hash, context })]
}

function groupName(name: string, before: GroupName[] | undefined): GroupName[] {
    const found = GROUP_NAMES.find((known) => known === name)
    if (found === undefined) throw new UsageError(`--group: ${GROUP_NAMES.join(" or ")}`)
    return [...(before ?? []), found]
}

function agreementKeys({ group }: HelloOptions): KeyOperations {
    try {
        return group === undefined ? new NodeKeys() : keysWithGroups(group)
    } catch (error) {
        if (error instanceof GError) throw new UsageError(`--group: ${error.message}`)
        throw error
    }
}
