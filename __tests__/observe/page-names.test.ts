import { readdirSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { read } from '../helpers/fences.ts'

const folder = 'lib/observe/page'

it('no two modules of the page have one name: they are joined to one script', () => {
  const modules = readdirSync(folder).filter((name) => name.endsWith('.mjs'))
  const names = modules.flatMap((name) =>
    Array.from(
      read(`${folder}/${name}`).matchAll(/^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)/gm),
      ([, declared]) => declared!,
    ),
  )
  expect(names.length).toBeGreaterThan(20)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})
