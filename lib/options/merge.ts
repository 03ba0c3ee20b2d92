import { givenIn, reading } from './check.ts'

const single = ['limit', 'key', 'zone'] as const
const nested = ['proxyProtocol', 'queue', 'sweep', 'warnings'] as const

type Nesting = { readonly [name in (typeof nested)[number]]?: unknown }

/** Options over those in force: `limits` replaces a single limit, everything else replaces its namesake. */
export function mergeOptions(given: object, next: unknown): Record<string, unknown> {
  const over = givenIn(next, 'options')
  return { ...('limits' in over ? without(given, single) : given), ...over, ...nestedOver(given, over) }
}

/**
 * Options under another level: its limits if and only if none stand here, every other option by itself.
 *
 * @see nginx src/http/modules/ngx_http_limit_conn_module.c, ngx_http_limit_conn_merge_conf
 */
export function extendOptions(above: object, options: unknown): Record<string, unknown> {
  const here = givenIn(options, 'options')
  const hasLimits = [...single, 'limits'].some((name) => name in here)
  const inherited = hasLimits ? without(above, [...single, 'limits']) : above
  return { ...inherited, ...here, ...nestedOver(above, here) }
}

/** The options that have options of their own: they are merged one by one. */
function nestedOver(given: Nesting, over: Nesting): object {
  const merged = nested.flatMap((name) => {
    return reading(`options.${name}`, over[name], () =>
      isPlain(given[name]) && isPlain(over[name])
        ? [[name, { ...(given[name] as object), ...(over[name] as object) }] as const]
        : [],
    )
  })
  return Object.fromEntries(merged)
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function without(options: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)))
}
