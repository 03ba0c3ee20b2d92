import { beforeAll, expect, it } from '@jest/globals'
import { Consumer } from '../helpers/consumer.ts'

let project: Consumer

beforeAll(async () => {
  project = (await Consumer.install('express@5', 'jest@30', 'supertest@7')).copy('jest')
})

it('is tested by jest and supertest with no configuration, and leaves no handle open', async () => {
  const { code, said } = await project.run('node_modules/jest/bin/jest.js', '--detectOpenHandles')

  expect(said).toMatch(/Tests: +3 passed, 3 total/)
  expect(said).not.toMatch(/open handle|did not exit|failed to exit/)
  expect(code).toBe(0)
})
