import { read } from './fences.ts'

interface Manifest {
  readonly exports: Record<string, unknown>
  readonly dependencies: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly peerDependenciesMeta?: Record<string, { readonly optional?: boolean }>
}

export const manifest = JSON.parse(read('package.json')) as Manifest

/** What a user may import: `limit-conn`, and its subpaths, as package.json has them. */
export const entries: readonly string[] = Object.keys(manifest.exports)
  .filter((subpath) => !subpath.endsWith('.json'))
  .map((subpath) => subpath.replace(/^\./, 'limit-conn'))

/** Packages that an entry may need, and the user installs. */
export const optionalPeers: readonly string[] = Object.keys(manifest.peerDependencies ?? {})
