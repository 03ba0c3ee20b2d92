import { givenIn } from './check.ts'

const single = ['limit', 'key', 'zone'] as const

/** Options over those in force: `limits` replaces a single limit, everything else replaces its namesake. */
export function mergeOptions(given: object, next: unknown): Record<string, unknown> {
  const over = givenIn(next, 'options')
  return { ...('limits' in over ? without(given, single) : given), ...over, ...sweepOver(given, over) }
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
  return { ...inherited, ...here, ...sweepOver(above, here) }
}

/** The one option that has options of its own: they are merged one by one. */
function sweepOver(given: { readonly sweep?: unknown }, over: { readonly sweep?: unknown }): object {
  if (typeof over.sweep !== 'object' || over.sweep === null || Array.isArray(over.sweep)) return {}
  return { sweep: { ...(given.sweep as object), ...over.sweep } }
}

function without(options: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)))
}
