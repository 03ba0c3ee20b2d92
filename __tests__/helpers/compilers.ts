import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, expect } from '@jest/globals'
import { Consumer } from './consumer.ts'

/** The versions of TypeScript that must accept the types of the package. */
export const versions = ['5.9', '6', '7'] as const

/** What a careful user sets; `skipLibCheck: false` checks our declarations as well. */
export const strictest = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  target: 'es2022',
}

interface Setting {
  readonly version: (typeof versions)[number]
  readonly type?: 'commonjs' | 'module'
  readonly files: readonly string[]
  readonly compilerOptions: Record<string, unknown>
}

/** Each version of the compiler, installed once for the projects of a test file. */
export class Compilers {
  #consumer: Consumer | undefined
  #compiled = 0

  constructor() {
    beforeAll(async () => {
      const aliases = versions.map((version) => `typescript-${version}@npm:typescript@${version}`)
      this.#consumer = await Consumer.tools(...aliases)
    })
  }

  /** Compiles `projects/typescript` in a folder of its own within a project, and returns where that is. */
  async check(user: Consumer, { version, type = 'commonjs', ...config }: Setting): Promise<string> {
    const folder = `compiled-${++this.#compiled}`
    mkdirSync(path.join(user.folder, folder))
    user.copy('typescript', folder)
    user.write(`${folder}/package.json`, JSON.stringify({ type }))
    user.write(`${folder}/tsconfig.json`, JSON.stringify(config))

    const compiler = path.join(this.#consumer!.folder, `node_modules/typescript-${version}/bin/tsc`)
    expect(await user.run(compiler, '-p', folder)).toEqual({ code: 0, said: '' })
    return folder
  }
}
