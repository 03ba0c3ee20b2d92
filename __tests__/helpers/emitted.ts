import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseSync } from '@swc/core'
import { root } from './fences.ts'

/** A node of the syntax tree, as far as it is looked at here. */
interface Syntax {
  readonly type: string
  readonly [property: string]: unknown
}

/** What the emitted code of the package does, read from its syntax. */
export interface Emitted {
  /** What is required, by names that are written out. */
  readonly required: Set<string>
  /** `module.member` for each member of a module of Node that is used. */
  readonly members: Set<string>
  /** Members of `process` that are used. */
  readonly process: Set<string>
  /** Files that ask somebody over the network, by what Node has for it without a module. */
  readonly asking: Set<string>
  /** What may load or run code that nobody has read: file and reason. */
  readonly suspicious: string[]
}

const dist = path.join(root, 'dist')

/** Reads all of dist. */
export function readEmitted(): Emitted {
  const emitted: Emitted = {
    required: new Set(),
    members: new Set(),
    process: new Set(),
    asking: new Set(),
    suspicious: [],
  }
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  )
  for (const file of files) readCode(file, readFileSync(path.join(dist, file), 'utf8'), emitted)
  return emitted
}

/** Reads one file into what is known. */
export function readCode(file: string, code: string, emitted: Emitted): void {
  const modules = new Map<string, string>()
  visit(parseSync(code, { syntax: 'ecmascript', target: 'es2023' }), (node) => {
    if (node.type === 'Identifier' && clients.has(String(node['value']))) emitted.asking.add(file)
    const reason = readNode(node, modules, emitted)
    if (reason) emitted.suspicious.push(`${file}: ${reason}`)
  })
}

function visit(value: unknown, look: (node: Syntax) => void): void {
  if (Array.isArray(value)) for (const entry of value) visit(entry, look)
  else if (typeof value === 'object' && value !== null) {
    if (typeof (value as Syntax).type === 'string') look(value as Syntax)
    for (const entry of Object.values(value)) visit(entry, look)
  }
}

const loaders = new Set([
  'eval',
  'Function',
  'module',
  'globalThis',
  'global',
  'WebAssembly',
  '__dirname',
  '__filename',
])

const clients = new Set(['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'])

/** Notes what a node does, and says what is wrong with it if anything is. */
function readNode(node: Syntax, modules: Map<string, string>, emitted: Emitted): string | undefined {
  if (node.type === 'Import') return 'import()'
  if (node.type === 'VariableDeclarator') readModule(node, modules)
  if (node.type === 'MemberExpression') readMember(node, modules, emitted)
  if (node.type === 'Identifier' && loaders.has(String(node['value']))) return String(node['value'])
  if (node.type !== 'CallExpression' || nameOf(node['callee']) !== 'require') return undefined

  const name = requiredBy(node)
  if (name === undefined) return 'require of what is no literal'
  if (!name.startsWith('.')) emitted.required.add(name)
  return undefined
}

/** Remembers which variable of the file is which module of Node. */
function readModule(node: Syntax, modules: Map<string, string>): void {
  let from = node['init'] as Syntax | null
  // `__importDefault(require('node:net'))`
  if (from?.type === 'CallExpression' && nameOf(from['callee']) !== 'require')
    from = argumentsOf(from)[0] ?? null
  const name = from?.type === 'CallExpression' ? requiredBy(from) : undefined
  const variable = nameOf(node['id'])
  if (name?.startsWith('node:') && variable !== undefined) modules.set(variable, name)
}

function readMember(node: Syntax, modules: Map<string, string>, { members, process }: Emitted): void {
  const object = node['object'] as Syntax
  const property = nameOf(node['property']) ?? '[computed]'
  const isDefault = object.type === 'MemberExpression' && nameOf(object['property']) === 'default'
  const variable = nameOf(isDefault ? object['object'] : object)

  if (variable === 'process') process.add(property)
  const module = modules.get(variable ?? '')
  if (module !== undefined && property !== 'default') members.add(`${module} ${property}`)
}

function requiredBy(call: Syntax): string | undefined {
  const [argument, ...rest] = argumentsOf(call)
  const isLiteral = nameOf(call['callee']) === 'require' && argument?.type === 'StringLiteral'
  return isLiteral && rest.length === 0 ? String(argument['value']) : undefined
}

function argumentsOf(call: Syntax): Syntax[] {
  return (call['arguments'] as { readonly expression: Syntax }[]).map(({ expression }) => expression)
}

function nameOf(node: unknown): string | undefined {
  const { type, value } = node as Syntax
  return type === 'Identifier' ? String(value) : undefined
}
