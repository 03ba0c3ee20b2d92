import { EventEmitter } from 'node:events'
import http from 'node:http'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import {
  byIp,
  limitConn,
  Limiter,
  limitServer,
  Zone,
  type LimitConn,
  type LimitConnOptions,
} from '../lib/index.ts'
import { parseAddress, parseRange, isInRange } from '../lib/core/address.ts'
import { compileTrust } from '../lib/key/trust.ts'
import { readCode, readEmitted, type Emitted } from './helpers/emitted.ts'
import { manifest } from './helpers/entries.ts'
import { read } from './helpers/fences.ts'

describe('what npm installs', () => {
  interface Locked {
    readonly version: string
    readonly dependencies?: Record<string, string>
    readonly hasInstallScript?: boolean
  }
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }

  /** All that an install of this package brings, by where the lock file has it. */
  function runtime(name: string, within = ''): Record<string, Locked> {
    const nested = `${within}node_modules/${name}`
    const place = nested in packages ? nested : `node_modules/${name}`
    const locked = packages[place]!
    const below = Object.keys(locked.dependencies ?? {}).map((needed) => runtime(needed, `${place}/`))
    return Object.assign({ [place]: locked }, ...below) as Record<string, Locked>
  }
  const installed = Object.assign(
    {},
    ...Object.keys(manifest.dependencies).map((name) => runtime(name)),
  ) as Record<string, Locked>

  it('is three packages and the two that they need', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['ipaddr.js', 'lru-cache', 'proxy-addr'])
    expect(Object.keys(installed).toSorted()).toEqual([
      'node_modules/forwarded',
      'node_modules/ipaddr.js',
      'node_modules/lru-cache',
      'node_modules/proxy-addr',
      'node_modules/proxy-addr/node_modules/ipaddr.js',
    ])
  })

  it('runs no script: neither that of this package nor that of a dependency', () => {
    const ours = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const ran = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']
    expect(ran.filter((name) => name in ours.scripts)).toEqual([])

    for (const place of Object.keys(installed)) {
      const { scripts = {}, gypfile } = JSON.parse(read(`${place}/package.json`)) as {
        scripts?: Record<string, string>
        gypfile?: boolean
      }
      // `prepare` of a dependency runs for those who install it from git, and not from a registry.
      expect({ place, ran: ran.slice(0, 3).filter((name) => name in scripts), gypfile }).toEqual({
        place,
        ran: [],
      })
      expect(installed[place]!.hasInstallScript).toBeUndefined()
    }
  })

  it('has no version of proxy-addr that takes ::ffff:10.0.0.0/8 for all of IPv4 (CVE-2026-90711)', () => {
    expect(manifest.dependencies['proxy-addr']).toBe('^2.0.8')
    const trusts = compileTrust(['::ffff:10.0.0.0/8'], 'trustProxy')
    expect(['8.8.8.8', '::ffff:8.8.8.8', '203.0.113.7'].filter((address) => trusts(address, 0))).toEqual([])

    const range = parseRange('::ffff:10.0.0.0/8')!
    const isSkipped = (address: string): boolean => isInRange(parseAddress(address)!, range)
    expect(['8.8.8.8', '::ffff:8.8.8.8', '10.1.2.3'].filter(isSkipped)).toEqual(['10.1.2.3'])
  })
})

describe('the publish workflow', () => {
  const workflow = read('.github/workflows/publish.yml')
  const jobs = workflow.split(/^  (?=\w+:$)/m)
  const [testing, publishing] = ['test:', 'publish:'].map((name) => jobs.find((job) => job.startsWith(name))!)

  it('publishes with provenance, and with no token of npm', () => {
    expect(publishing).toContain('npm publish --provenance --access public')
    expect(publishing).toContain('id-token: write')
    expect(workflow).not.toMatch(/secrets\.|NODE_AUTH_TOKEN|NPM_TOKEN|_authToken/i)
    expect(read('package.json')).toMatch(
      /"publishConfig": \{\s+"access": "public",\s+"provenance": true\s+\}/,
    )
  })

  it('has no permission but these, and runs foreign code without the identity', () => {
    expect(workflow).toMatch(/^permissions: \{\}$/m)
    expect(workflow.match(/^ +[\w-]+: (?:read|write)$/gm)!.map((line) => line.trim())).toEqual([
      'contents: read',
      'contents: read',
      'id-token: write',
    ])
    expect(testing).not.toContain('id-token')
    expect(publishing!.match(/npm (?:ci|install|test|run).*/g)).toEqual(['npm ci --ignore-scripts'])
  })

  it('tests before it publishes, asks for known advisories, and that the tag is the version', () => {
    expect(publishing).toMatch(/^ +needs: test$/m)
    expect(testing).toContain('$GITHUB_REF_NAME')
    for (const script of ['npm ci', 'npm run audit', 'npm test', 'npm run test:consumers'])
      expect(testing).toMatch(new RegExp(`run: ${script}$`, 'm'))
    expect(read('package.json')).toContain('"audit": "npm audit --omit=dev"')
  })

  it.each(['ci', 'publish'])('%s uses actions of GitHub only, each of a version', (name) => {
    const used = [...read(`.github/workflows/${name}.yml`).matchAll(/uses: (\S+)/g)].map(
      ([, action]) => action!,
    )
    expect(used.length).toBeGreaterThan(1)
    expect(used.filter((action) => !/^actions\/[a-z-]+@v\d+$/.test(action))).toEqual([])
  })
})

describe('the emitted code', () => {
  const emitted = readEmitted()

  it('loads nothing but what is written out, and runs no text as code', () => {
    expect(emitted.suspicious).toEqual([])
  })

  it('asks nobody over a network but where a person calls the command', () => {
    expect([...emitted.asking]).toEqual([path.join('cli', 'advise.js')])
  })

  it('loads these modules, and no other: no file system, no process, no client of a network', () => {
    expect([...emitted.required].toSorted()).toEqual([
      'ipaddr.js',
      'lru-cache',
      'node:async_hooks',
      'node:cluster',
      'node:crypto',
      'node:diagnostics_channel',
      'node:http',
      'node:http2',
      'node:net',
      'node:timers/promises',
      'node:util',
      'proxy-addr',
    ])
  })

  it('uses these members of them: it compares, it never connects and never listens', () => {
    expect([...emitted.members].toSorted()).toEqual([
      'node:async_hooks AsyncResource',
      'node:cluster isWorker',
      'node:cluster on',
      'node:crypto createHash',
      'node:crypto createHmac',
      'node:crypto randomBytes',
      'node:crypto randomInt',
      'node:crypto randomUUID',
      'node:diagnostics_channel channel',
      'node:http IncomingMessage',
      'node:http STATUS_CODES',
      'node:http Server',
      'node:http2 constants',
      'node:net Server',
      'node:net Socket',
      'node:timers/promises setTimeout',
      'node:util parseArgs',
    ])
  })

  it('uses nothing of the process but its turns, the sign of shareZones(), the line to its primary, and what a command needs', () => {
    expect([...emitted.process].toSorted()).toEqual([
      'argv',
      'env',
      'exitCode',
      'nextTick',
      'off',
      'on',
      'send',
      'stderr',
      'stdout',
    ])
  })

  it.each([
    ['eval(text)', 'eval'],
    ['new Function("return 1")', 'Function'],
    ['require(name)', 'require of what is no literal'],
    ['require("a" + b)', 'require of what is no literal'],
    ['import("node:fs")', 'import()'],
    ['globalThis["ev" + "al"](x)', 'globalThis'],
    ['module.createRequire("/")', 'module'],
  ])('would be found out by this test if it had %s', (code, reason) => {
    const found = nothingYet()
    readCode('x.js', code, found)
    expect(found.suspicious).toContain(`x.js: ${reason}`)
  })

  function nothingYet(): Emitted {
    return {
      required: new Set(),
      members: new Set(),
      process: new Set(),
      asking: new Set(),
      suspicious: [],
    }
  }

  it('would be found out by this test if it read the environment or connected to somebody', () => {
    const found = nothingYet()
    const code = `const net_1 = __importDefault(require("node:net")); net_1.default.connect(1); process.env.HOME; process['env']`
    readCode('x.js', code, found)
    expect([...found.members, ...found.process]).toEqual(['node:net connect', 'env', '[computed]'])

    readCode('y.js', 'fetch("http://a.test")', found)
    expect([...found.asking]).toEqual(['y.js'])
  })
})

describe('names of prototypes in what is not ours', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']
  const kinds = JSON.stringify(names.map((name) => typeof ({} as Record<string, unknown>)[name]))

  it.each([
    '{ "limit": 1, "__proto__": { "polluted": true } }',
    '{ "limit": 1, "constructor": { "prototype": { "polluted": true } } }',
    '{ "limit": 1, "sweep": { "__proto__": { "polluted": true } } }',
    '{ "limits": [{ "limit": 1, "__proto__": { "polluted": true } }] }',
    '{ "limit": 1, "warnings": { "__proto__": { "polluted": true } } }',
  ])('are refused in options, and pollute nothing: %s', (text) => {
    const options = JSON.parse(text) as LimitConnOptions
    const refused = expect.objectContaining({ code: 'ERR_LIMIT_CONN_UNKNOWN_OPTION' })

    expect(() => limitConn(options)).toThrow(refused)
    expect(() => limitServer(http.createServer(), options as never)).toThrow(refused)
    expect(() => limitConn({ limit: 1 }).setConfig(options)).toThrow(refused)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it.each<[string, unknown]>([
    ['limit', 1_000],
    ['key', () => ''],
    ['zone', new Zone({ name: 'of-nobody' })],
    ['limits', [{ limit: 1_000 }]],
    ['dryRun', true],
    ['skip', () => true],
    ['onLimit', 'evict-oldest'],
    ['queue', { max: 5 }],
  ])('are no options where somebody else has put them on the prototype of all: %s', (name, value) => {
    const before = [limitConn({ limit: 1 }), limitConn({ limits: [{ limit: 1 }] })].map(shapeOf)
    Object.assign(Object.prototype, { [name]: value })
    try {
      const after = [limitConn({ limit: 1 }), limitConn({ limits: [{ limit: 1 }] })].map(shapeOf)
      expect(after).toEqual(before)
      expect(() => limitConn({} as LimitConnOptions)).toThrow('options.limit')
    } finally {
      Reflect.deleteProperty(Object.prototype, name)
    }
  })

  /** What is in force, but for the zones, which are new each time. */
  function shapeOf({ config }: LimitConn): string {
    return JSON.stringify(Object.entries(config), (name, value: unknown) =>
      name === 'zone' || value instanceof Zone
        ? 'a zone'
        : typeof value === 'function'
          ? String(value)
          : value,
    )
  }

  it.each(names)('are keys like any other: %s', (name) => {
    const zone = new Zone({ name: '__proto__' })
    const limiter = new Limiter({ limit: 1, zone, key: () => name })
    expect([limiter.accept(new EventEmitter()).passed, limiter.accept(new EventEmitter()).passed]).toEqual([
      true,
      false,
    ])
    expect([zone.count(name), limiter.numOpen(name), zone.top(1)[0]?.key]).toEqual([1, 1, name])
    expect(JSON.stringify(names.map((each) => typeof ({} as Record<string, unknown>)[each]))).toBe(kinds)
  })

  it('are no option of byIp', () => {
    expect(() => byIp(JSON.parse('{ "__proto__": { "trustProxy": true } }') as object)).toThrow('__proto__')
  })
})
