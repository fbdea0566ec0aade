import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { Redis } from "ioredis"
import { errorText, UsageError } from "mote-dtls/gateway"
import { ErrorDomain, GError, IOErrorEnum } from "mote-dtls/gio"
import { type RedisConfig } from "./config.js"
import { type Log } from "./log.js"
import { type ScriptedRedis, withScripts } from "./redis-scripts.js"

/** What others go on from. */
export interface SavedAssociation {
    state: Buffer
    /** JSON; empty: none */
    coap: string
    /** by which it is found besides its first one, hexadecimal digits */
    furtherIds: string[]
}

/** An association that is this gateway's now. */
export interface TakenAssociation {
    /** the first of its ids, which stays its name when others are in use */
    id: string
    generation: number
    state: Buffer
    /** JSON; empty: none */
    coap: string
}

/** How long a gateway counts as running after its last sign of life, ms, and how often it gives one. */
const LEASE = 3000
const SIGN_OF_LIFE = 1000

/** How long an owner is waited for before it is asked again, and how long in all, ms. */
const ASK_AGAIN = 250
const PATIENCE = 1000

/**
 * Retries for an association that Redis does not have, after so many ms: its handshake may have ended a moment ago, and be on its
 * way into Redis. MAX_LOOKED_FOR_AGAIN limits them: datagrams with made-up ids must not delay others.
 */
const LOOK_AGAIN = [20, 100]
const MAX_LOOKED_FOR_AGAIN = 100

/** How long redis may take for what is to be saved in the end, ms. */
const LAST_CHANCE = 5000

const REMEDY = "check redis.url and passwordFile, and that Redis runs there"

interface Message {
    /** id of an association that the sender wants to have */
    want?: string
    /** id of one that the receiver may take now */
    free?: string
    from: string
}

/**
 * Associations of several gateways in Redis. Each has one owner at a time, who alone may save it, and a generation that counts its
 * saves: both are compared in Redis itself, so that of two gateways that think they own one, one only goes on. A running
 * owner is asked to give it up; one without a sign of life loses it.
 */
export class RedisStore {
    /** of this run of this gateway */
    readonly name = randomUUID()
    private redis: ScriptedRedis
    private messages: Redis
    private timer: NodeJS.Timeout | undefined
    private freed = new Map<string, () => void>()
    private lookedForAgain = 0

    /** @param ttl of an association that nobody saves any more, ms */
    private constructor(
        private config: RedisConfig,
        private ttl: number,
        private log: Log,
        private wanted: (id: string, by: string) => void,
    ) {
        const { url, passwordFile } = config
        const password = passwordFile === undefined ? undefined : passwordIn(passwordFile)
        // What waits for Redis goes on once it is there again: nothing is used before it is saved.
        const redis = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true, ...(password && { password }) })
        this.redis = withScripts(redis)
        this.messages = redis.duplicate()
        for (const connection of [redis, this.messages])
            connection.on("error", (error: unknown) => log.error(`redis: ${errorText(error)}; ${REMEDY}`))
    }

    /** @param wanted told of each association that another gateway wants to have. Throws GError when Redis is not there. */
    static async open(
        config: RedisConfig,
        ttl: number,
        log: Log,
        wanted: (id: string, by: string) => void,
    ): Promise<RedisStore> {
        const store = new RedisStore(config, ttl, log, wanted)
        try {
            await store.redis.connect()
            await store.messages.connect()
            await store.messages.subscribe(store.channelOf(store.name))
        } catch (error) {
            store.disconnect()
            // Its address may hold a password.
            throw new GError(
                ErrorDomain.io,
                IOErrorEnum.FAILED,
                `redis cannot be used (${errorText(error)}): ${REMEDY}`,
            )
        }
        store.messages.on("message", (_channel: string, text: string) => store.heard(JSON.parse(text) as Message))
        await store.signOfLife()
        store.timer = setInterval(() => void store.signOfLife(), SIGN_OF_LIFE)
        return store
    }

    private keyOf(id: string): string {
        return `${this.config.prefix}association:${id}`
    }

    private get prefixOfIds(): string {
        return `${this.config.prefix}id:`
    }

    private channelOf(gateway: string): string {
        return `${this.config.prefix}to:${gateway}`
    }

    private get leases(): string {
        return `${this.config.prefix}gateway:`
    }

    private async signOfLife(): Promise<void> {
        try {
            await this.redis.set(this.leases + this.name, "1", "PX", LEASE)
        } catch (error) {
            this.log.error(`redis: ${errorText(error)}`)
        }
    }

    private heard({ want, free, from }: Message): void {
        if (want !== undefined) this.wanted(want, from)
        if (free !== undefined) this.freed.get(free)?.()
    }

    /**
     * Becomes the owner of an association.
     * @param anyId of its ids
     * @returns undefined: there is none, or its owner does not give it up
     */
    async take(anyId: string): Promise<TakenAssociation | undefined> {
        const until = Date.now() + PATIENCE
        const key = this.prefixOfIds + anyId
        const pauses = [...LOOK_AGAIN]
        for (;;) {
            const found = await this.redis.moteTake(key, this.name, this.leases, this.keyOf(""), anyId)
            const [what, id = "", first = "", state = "", coap = ""] = found
            if (what === "taken") return { id, generation: Number(first), state: Buffer.from(state, "base64"), coap }
            if (what === "stale")
                this.log.warn("an association of another run of redis is not taken: it may be an old copy")
            if (what === "none" && (await this.waitToLookAgain(pauses))) continue
            if (what !== "owned" || Date.now() > until) return undefined
            await this.ask(first, id)
        }
    }

    /** @returns false: it is not to be looked for again */
    private async waitToLookAgain(pauses: number[]): Promise<boolean> {
        const pause = pauses.shift()
        if (pause === undefined || this.lookedForAgain >= MAX_LOOKED_FOR_AGAIN) return false
        this.lookedForAgain++
        await sleep(pause, undefined, { ref: false })
        this.lookedForAgain--
        return true
    }

    private async ask(owner: string, id: string): Promise<void> {
        const freed = new Promise<void>((resolve) => this.freed.set(id, resolve))
        await this.tell(owner, { want: id, from: this.name })
        await Promise.race([freed, sleep(ASK_AGAIN, undefined, { ref: false })])
        this.freed.delete(id)
    }

    private async tell(gateway: string, message: Message): Promise<void> {
        await this.redis.publish(this.channelOf(gateway), JSON.stringify(message))
    }

    /**
     * Saves what others go on from; its generation is one more than `generation`, the one before.
     * @returns false: another gateway owns it, or redis has forgotten it. Its numbers must not be used.
     */
    async save(id: string, generation: number, saved: SavedAssociation): Promise<boolean> {
        return await this.saveFor(this.name, id, generation, saved)
    }

    private async saveFor(
        owner: string,
        id: string,
        generation: number,
        { state, coap, furtherIds }: SavedAssociation,
    ): Promise<boolean> {
        const text = state.toString("base64")
        const { redis, name, ttl } = this
        const ids = furtherIds.join(" ")
        const key = this.keyOf(id)
        return (await redis.moteSave(key, name, generation, owner, text, coap, ttl, id, this.prefixOfIds, ids)) === 1
    }

    /** As `save`, and this gateway owns it no more. @param to who has asked for it */
    async free(id: string, generation: number, saved: SavedAssociation, to: string | undefined): Promise<boolean> {
        const isSaved = await this.saveFor("", id, generation, saved)
        if (to !== undefined) await this.tell(to, { free: id, from: this.name })
        return isSaved
    }

    /**
     * What all gateways have under a name: whoever asks first makes it.
     * @param ttl of what is made, ms
     * @param make undefined: it is there, or is not needed
     */
    async common(name: string, ttl: number, make?: () => Buffer): Promise<Buffer | undefined> {
        const key = `${this.config.prefix}common:${name}`
        if (make !== undefined) await this.redis.set(key, make().toString("base64"), "PX", ttl, "NX")
        const text = await this.redis.get(key)
        return text === null ? undefined : Buffer.from(text, "base64")
    }

    /** The association has ended. */
    async remove(id: string): Promise<void> {
        await this.redis.moteRemove(this.keyOf(id), this.name, this.prefixOfIds)
    }

    /** @param last what is still to be done, as far as redis is there */
    async close(last: Promise<unknown>): Promise<void> {
        clearInterval(this.timer)
        const done = last.then(() => this.redis.del(this.leases + this.name)).then(() => true)
        const waiting = new AbortController()
        if (!(await Promise.race([done, sleep(LAST_CHANCE, false, { signal: waiting.signal })])))
            this.log.error("redis does not answer: sessions may need a new handshake")
        waiting.abort()
        this.disconnect()
    }

    private disconnect(): void {
        this.redis.disconnect()
        this.messages.disconnect()
    }
}

function passwordIn(path: string): string {
    try {
        return readFileSync(path, "utf8").trim()
    } catch (error) {
        throw new UsageError(
            `redis.passwordFile: cannot read ${path} (${(error as NodeJS.ErrnoException).code ?? "error"})`,
        )
    }
}
