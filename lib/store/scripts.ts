import { createHash } from 'node:crypto'

/** A script, and the name under which Redis keeps it. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/**
 * Writes cells and answers wishes. Each key is a hash with a field for each process, `count:number:expiryMs`, of which only that
 * process writes; the count is absolute, so that a command may come twice or never. The number rises with each command: a late
 * one changes nothing. Time is that of the server alone.
 *
 * ARGV: one text, as many short ones cost the client more; its words: id, first number, number, ttlMs, whether the last key is that of the processes, where this one must stand; then for each
 * other key: own count, how many wishes, and the wishes: `+`, `!` or `=` (take, force, look) and a limit. Answers for each with
 * the slots of others; or, where the field has no older number of this process, with that number below zero; then with 1 for
 * each wish that found no room. Where this process does not stand nothing is done, and the answer is empty.
 *
 * @see Redis documentation, EVAL, script effects replication: Redis 5 and later
 */
export const cellScript: Script = script(`
local args = {}
for word in string.gmatch(ARGV[1], '%S+') do args[#args + 1] = word end
local id, first, number, ttl = args[1], tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer, at, last = {}, 6, #KEYS

if args[5] == '1' then
  local stood = redis.call('ZSCORE', KEYS[last], id)
  if not stood or tonumber(stood) <= now then return answer end
  last = last - 1
end

for k = 1, last do
  local key = KEYS[k]
  local own, wishes = tonumber(args[at]), tonumber(args[at + 1])
  local others, fault, isThere = 0, nil, false
  local cells = redis.call('HGETALL', key)
  for i = 1, #cells, 2 do
    local count, written, expiry = string.match(cells[i + 1], '^(%d+):(%d+):(%d+)$')
    if cells[i] == id then
      isThere = true
      written = tonumber(written)
      if written >= number or written < first then fault = -written end
    elseif tonumber(expiry) <= now then redis.call('HDEL', key, cells[i])
    else others = others + tonumber(count) end
  end

  answer[#answer + 1] = fault or others
  for i = at + 2, at + 1 + wishes do
    local kind, limit = string.sub(args[i], 1, 1), tonumber(string.sub(args[i], 2))
    local more = kind == '=' and 0 or 1
    local isOver = own + others + more > limit
    if kind == '!' or kind == '+' and not isOver then own = own + 1 end
    answer[#answer + 1] = isOver and 1 or 0
  end
  at = at + 2 + wishes

  if not fault then
    if own > 0 then
      redis.call('HSET', key, id, string.format('%d:%s:%.0f', own, args[3], now + ttl))
      redis.call('PEXPIRE', key, 2 * ttl)
    elseif isThere then redis.call('HDEL', key, id) end
  end
end
return answer
`)

/**
 * Says that a process is there. A sorted set with the id of each and when it lapses.
 *
 * ARGV: id, what was answered last time (`new`: it was never there), ttlMs, and 1 if one had no answer since. Answers with how
 * many are there, until when this one is; and 1 if what it wrote is lost, 2 if somebody else uses its id. One that was never
 * there is told the maxmemory-policy, too, if keys can be evicted.
 *
 * One that was forgotten is not there until it comes again as `new`: the cells that it has sent behind this are not to be written.
 */
export const beatScript: Script = script(`
local id, before, ttl, isUnsure = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stood = redis.call('ZSCORE', KEYS[1], id)
if stood and tonumber(stood) <= now then stood = false end

local state = 0
if before == 'new' then
  if stood and not isUnsure then state = 2 end
elseif not stood or tonumber(stood) < tonumber(before) then state = 1
elseif tonumber(stood) > tonumber(before) and not isUnsure then state = 2 end

if state == 1 then
  redis.call('ZREM', KEYS[1], id)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  return { redis.call('ZCARD', KEYS[1]) + 1, before, state }
end

local expiry = string.format('%.0f', now + ttl)
-- First what takes memory: where there is none left, the whole fails.
redis.call('ZADD', KEYS[1], expiry, id)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIRE', KEYS[1], 2 * ttl)
local answer = { redis.call('ZCARD', KEYS[1]), expiry, state }

if before == 'new' then
  -- It may be forbidden to ask.
  local info = redis.pcall('INFO', 'memory')
  if type(info) == 'string' then
    local max = string.match(info, 'maxmemory:(%d+)')
    local policy = string.match(info, 'maxmemory_policy:([%w-]+)')
    if tonumber(max or 0) > 0 and policy ~= 'noeviction' then answer[4] = policy end
  end
end
return answer
`)

export type BeatReply = readonly [instances: number, until: string, state: number, eviction?: string]

/** Says that a process is there no more. ARGV: id. */
export const leaveScript: Script = script(`return redis.call('ZREM', KEYS[1], ARGV[1])`)

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
