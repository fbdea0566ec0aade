import { type Redis } from "ioredis"

/*
 * What has to be compared and changed in one go. A key holds owner, generation, state, what CoAP remembers, further ids by which the
 * association is found (each a key of its own, with the first one), and `run`: the run of redis in which it was saved. One of another
 * run may have been read from an old copy on disk, or from a replica that was behind: whoever went on from it could use numbers again.
 */

const RUN = "local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')\n"

/** KEYS: further id; ARGV: this gateway, prefix of leases, prefix of associations, the id. */
const TAKE = `${RUN}
local id = redis.call('GET', KEYS[1]) or ARGV[4]
local key = ARGV[3] .. id
local is = redis.call('HMGET', key, 'owner', 'generation', 'run', 'state', 'coap')
if not is[3] then return {'none'} end
if is[3] ~= run then
    redis.call('DEL', key)
    return {'stale'}
end
local others = is[1] ~= '' and is[1] ~= ARGV[1]
if others and redis.call('EXISTS', ARGV[2] .. is[1]) == 1 then return {'owned', id, is[1]} end
redis.call('HSET', key, 'owner', ARGV[1])
return {'taken', id, is[2], is[4], is[5]}`

/**
 * KEYS: association; ARGV: this gateway, generation before, owner from now on, state, coap, time to live, first id, prefix of
 * further ids, these.
 */
const SAVE = `${RUN}
local is = redis.call('HMGET', KEYS[1], 'owner', 'generation', 'run', 'ids')
if not is[3] then
    if ARGV[2] ~= '0' then return 0 end
elseif is[1] ~= ARGV[1] or is[2] ~= ARGV[2] or is[3] ~= run then return 0 end
local function each(ids, use) for id in string.gmatch(ids or '', '%x+') do use(ARGV[8] .. id) end end
each(is[4], function (key) redis.call('DEL', key) end)
each(ARGV[9], function (key) redis.call('SET', key, ARGV[7], 'PX', ARGV[6]) end)
redis.call('HSET', KEYS[1], 'owner', ARGV[3], 'generation', ARGV[2] + 1, 'run', run, 'state', ARGV[4], 'coap', ARGV[5])
redis.call('HSET', KEYS[1], 'ids', ARGV[9])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 1`

/** KEYS: association; ARGV: this gateway, prefix of further ids. */
const REMOVE = `
local is = redis.call('HMGET', KEYS[1], 'owner', 'ids')
if is[1] ~= ARGV[1] then return end
for id in string.gmatch(is[2] or '', '%x+') do redis.call('DEL', ARGV[2] .. id) end
redis.call('DEL', KEYS[1])`

/** A connection that knows the scripts. */
export interface ScriptedRedis extends Redis {
    moteTake(
        key: string,
        gateway: string,
        leases: string,
        associations: string,
        id: string,
    ): Promise<(string | undefined)[]>
    moteSave(
        key: string,
        gateway: string,
        generation: number,
        owner: string,
        state: string,
        coap: string,
        ttl: number,
        id: string,
        prefixOfIds: string,
        furtherIds: string,
    ): Promise<number>
    moteRemove(key: string, gateway: string, prefixOfIds: string): Promise<void>
}

export function withScripts(redis: Redis): ScriptedRedis {
    redis.defineCommand("moteTake", { numberOfKeys: 1, lua: TAKE })
    redis.defineCommand("moteSave", { numberOfKeys: 1, lua: SAVE })
    redis.defineCommand("moteRemove", { numberOfKeys: 1, lua: REMOVE })
    return redis as ScriptedRedis
}
