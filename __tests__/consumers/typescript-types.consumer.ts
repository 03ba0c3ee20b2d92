import { beforeAll, describe, it } from '@jest/globals'
import { Compilers, strictest, versions } from '../helpers/compilers.ts'
import { Consumer } from '../helpers/consumer.ts'

const compilers = new Compilers()
const sources = ['bare.ts', 'refused.ts', 'fresh.ts']
const checkCompiles: Compilers['check'] = (user, setting) => compilers.check(user, setting)

/** Projects with the types of later versions of Node beside those of Express, and one with nothing but those of Node 20. */
const users = new Map<string, Consumer>()

beforeAll(async () => {
  for (const node of ['22', '24'])
    users.set(node, await Consumer.install(`@types/node@${node}`, '@types/express@5'))
  users.set('bare', await Consumer.install('@types/node@20'))
})

describe.each(versions)('TypeScript %s', (version) => {
  it.each(['22', '24'])(
    'compiles with the types of Node %s, with no lib and no types named',
    async (node) => {
      const compilerOptions = { ...strictest, module: 'nodenext', noEmit: true }
      await checkCompiles(users.get(node)!, { version, files: [...sources, 'app.ts'], compilerOptions })
    },
  )

  it('compiles without the types of Express, in a project that loads no types', async () => {
    const compilerOptions = { ...strictest, module: 'nodenext', types: [], noEmit: true }
    await checkCompiles(users.get('bare')!, { version, files: sources, compilerOptions })
  })

  it('knows the types of Node where nobody else has named them, though nobody checks its own', async () => {
    const loading = { lib: ['es2022'], types: [], skipLibCheck: true }
    const compilerOptions = { ...strictest, ...loading, module: 'nodenext', noEmit: true }
    await checkCompiles(users.get('bare')!, { version, files: ['fresh.ts'], compilerOptions })
  })
})
