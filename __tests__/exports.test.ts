import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Child } from './helpers/child.ts'
import { entries, manifest } from './helpers/entries.ts'
import { root } from './helpers/fences.ts'

type Kind = 'class' | 'function'

/** What each entry gives to programs and to compilers. A change here is a change for users: CHANGELOG.md tells it. */
const snapshot: Record<string, { readonly values: Record<string, Kind>; readonly types: readonly string[] }> =
  {
    'limit-conn': {
      values: {
        LimitConnError: 'class',
        Limiter: 'class',
        Zone: 'class',
        byHeader: 'function',
        byIp: 'function',
        byTemplate: 'function',
        isLimitConnError: 'function',
        limitConn: 'function',
        limitServer: 'function',
        limitUpgrade: 'function',
      },
      types: [
        'Accepted',
        'AddressKey',
        'Advice',
        'AdviseOptions',
        'Audit',
        'ByHeader',
        'ByHeaderOptions',
        'ByIp',
        'ByIpOptions',
        'ByTemplate',
        'ByTemplateOptions',
        'Candidate',
        'Cause',
        'ClosedEvent',
        'Decision',
        'DegradedEvent',
        'DrainReport',
        'ExhaustedEvent',
        'HitKey',
        'KeyValue',
        'Lease',
        'Level',
        'LimitConn',
        'LimitConnErrorCode',
        'LimitConnOptions',
        'LimitOptions',
        'LimitServer',
        'LimitServerOptions',
        'LimitUpgrade',
        'LimitUpgradeOptions',
        'Limited',
        'LimiterOptions',
        'Logger',
        'MessageFunction',
        'MiddlewareOptions',
        'OnLimit',
        'PassedEvent',
        'PolicyOptions',
        'ProxyFault',
        'ProxyHeaders',
        'ProxyProtocolOptions',
        'QueueOptions',
        'QueuedEvent',
        'ReadableKey',
        'RejectHandler',
        'RejectedEvent',
        'ReleaseCause',
        'ReleasedEvent',
        'RequestStatus',
        'ServerOptions',
        'SetConfigOptions',
        'SkipFunction',
        'SocketRejectHandler',
        'Source',
        'SourceOptions',
        'Status',
        'Suggestion',
        'SweepOptions',
        'TopKey',
        'TrustProxy',
        'UpgradeHandler',
        'UpgradeMessageFunction',
        'UpgradeOptions',
        'UpgradeRejectHandler',
        'WarningEvent',
        'WarningName',
        'WarningOptions',
        'ZoneOptions',
        'ZoneStats',
      ],
    },
    'limit-conn/redis': {
      values: { RedisZone: 'class' },
      types: [
        'IoRedisClient',
        'NodeRedisClient',
        'OnStoreError',
        'OtherRedisClient',
        'RedisClient',
        'RedisZoneOptions',
        'SharedZone',
      ],
    },
    'limit-conn/cluster': {
      values: { ClusterZone: 'class', shareZones: 'function' },
      types: ['ClusterZoneOptions', 'OnStoreError', 'SharedZone'],
    },
    'limit-conn/status': {
      values: { statusRouter: 'function' },
      types: ['StatusOptions', 'StatusRouter'],
    },
    'limit-conn/prometheus': {
      values: { collect: 'function' },
      types: ['CollectOptions', 'Collected', 'MetricRegistry', 'ZoneList'],
    },
    'limit-conn/opentelemetry': {
      values: { collect: 'function' },
      types: ['Collected', 'ZoneList'],
    },
  }

it('has a snapshot of each entry of package.json, and of nothing else', () => {
  expect(entries).toEqual(Object.keys(snapshot))
})

describe.each(entries)('%s', (entry) => {
  it('exports these names by require', async () => {
    expect(await namesBy(`Promise.resolve(require('${entry}'))`)).toEqual(snapshot[entry]!.values)
  })

  it('exports the same names by import', async () => {
    expect(await namesBy(`import('${entry}')`)).toEqual(snapshot[entry]!.values)
  })

  it('exports these types, besides the classes and functions', () => {
    expect(typesOf(entry)).toEqual(snapshot[entry]!.types)
  })
})

/** Loads an entry as a program outside of jest does, by the name of the package. */
async function namesBy(load: string): Promise<Record<string, string>> {
  const program = `${load}.then((all) => {
    const kind = (value) => (/^class\\b/.test(value) ? 'class' : typeof value)
    const own = Object.entries(all).filter(([name]) => !['default', 'module.exports', '__esModule'].includes(name))
    console.log(JSON.stringify(Object.fromEntries(own.map(([name, value]) => [name, kind(value)]))))
  })`
  const child = new Child(['--eval', program], { cwd: root })
  expect({ code: await child.exit(), said: child.stderr }).toEqual({ code: 0, said: '' })
  return JSON.parse(child.stdout) as Record<string, string>
}

/** The names behind `type` in the declarations of an entry, which has nothing but lists of exports. */
function typesOf(entry: string): string[] {
  const { types } = manifest.exports[entry.replace('limit-conn', '.')] as { readonly types: string }
  const code = readFileSync(path.join(root, types), 'utf8').replaceAll(/^\/\/.*$/gm, '')
  const list = /export (type )?\{([^}]*)\} from '[^']+';/g
  expect(code.replaceAll(list, '').trim()).toBe('')

  return [...code.matchAll(list)]
    .flatMap(([, all, names]) =>
      names!.split(',').map((name) => ({ name: name.trim(), isType: all !== undefined })),
    )
    .filter(({ name, isType }) => isType || name.startsWith('type '))
    .map(({ name }) => name.replace(/^type /, ''))
    .filter(Boolean)
    .toSorted()
}
