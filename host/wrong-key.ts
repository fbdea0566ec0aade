import { Diagnostic } from "../src/dtls/association/output.js"
import { type Failure, FailureReason } from "../src/dtls/handshake/failure.js"
import { AlertDescription } from "../src/dtls/wire/code-points.js"
import { type Cancellable } from "../src/gio/cancellable.js"
import { failureError } from "../src/gio/failure-error.js"
import { type GError } from "../src/gio/errors.js"
import { type DtlsSettings } from "../src/gio/settings.js"
import { failureMessage } from "../src/platform/node/failure-text.js"

/** How long a true answer may still come, ms: a record that somebody forged looks like a wrong key, too. */
const GRACE = 1000

const FAILURE: Failure = { reason: FailureReason.keyMismatch, alert: AlertDescription.none, expecting: -1 }

/** What a client with a wrong key throws at its handshake's deadline, after a minute. */
export function wrongKeyError(): GError {
    return failureError(FAILURE, failureMessage)
}

/** Ends a client with a wrong key soon after the first sign of it, instead of at its handshake's deadline. */
export class WrongKeyWatch {
    /** it was a wrong key, and the client has been ended */
    hasGivenUp = false
    private timer: NodeJS.Timeout | undefined

    constructor(private giveUp: () => void) {}

    /** The handshake has a sign of a wrong key. */
    suspect(): void {
        this.timer ??= setTimeout(() => {
            this.hasGivenUp = true
            this.giveUp()
        }, GRACE)
    }

    /** The handshake is done after all, or over. */
    clear(): void {
        clearTimeout(this.timer)
        this.timer = undefined
    }

    /** For DtlsSettings.onDiagnostic: `others` hears of what is no sign of it, as long as there was none. */
    diagnosing(others: (diagnostic: Diagnostic, detail: number) => void): typeof others {
        return (diagnostic, detail) => {
            if (diagnostic === Diagnostic.keyMismatch) this.suspect()
            else if (this.timer === undefined) others(diagnostic, detail)
        }
    }
}

/**
 * Awaits a handshake; over a wrong key it ends soon, with the error that says so.
 * @param others hears of all other diagnostics, also after the handshake
 * @param stop cancels the handshake
 */
export async function endedByWrongKey<T>(
    settings: DtlsSettings,
    others: (diagnostic: Diagnostic, detail: number) => void,
    stop: Cancellable,
    handshake: () => Promise<T>,
): Promise<T> {
    const watch = new WrongKeyWatch(() => stop.cancel())
    settings.onDiagnostic = watch.diagnosing(others)
    try {
        return await handshake()
    } catch (error) {
        throw watch.hasGivenUp ? wrongKeyError() : error
    } finally {
        watch.clear()
        settings.onDiagnostic = others
    }
}
