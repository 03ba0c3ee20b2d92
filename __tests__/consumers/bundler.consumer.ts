import { beforeAll, describe, expect, it } from '@jest/globals'
import { Consumer } from '../helpers/consumer.ts'
import { ok, statuses } from '../helpers/examples.ts'

let project: Consumer

beforeAll(async () => {
  project = (await Consumer.install('esbuild@0.28', 'express@5')).copy('plain').copy('typescript')
})

/** What every package in CommonJS needs in a bundle that is a module: esbuild leaves `require('node:...')` as it stands. */
const withRequire =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

const formats = [
  { format: 'cjs', outfile: 'bundle.cjs' },
  { format: 'esm', outfile: 'bundle.mjs', banner: { js: withRequire } },
] as const

describe.each(formats)('a bundle of esbuild in $format', (options) => {
  it.each(['require.cjs', 'import.mjs', 'app.ts'])('limits: %s', async (entry) => {
    const build = { ...options, entryPoints: [entry], bundle: true, platform: 'node', logLevel: 'warning' }
    const program = `require('esbuild').buildSync(${JSON.stringify(build)})`
    expect(await project.run('--eval', program)).toEqual({ code: 0, said: '' })

    const port = await project.serve(options.outfile)
    expect(await statuses(port, 3)).toEqual([...ok(2), 503])
  })
})
