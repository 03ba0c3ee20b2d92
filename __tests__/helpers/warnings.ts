import vm from 'node:vm'
import { afterAll } from '@jest/globals'
import { nextTurn } from './until.ts'

/**
 * The process itself: the `process` of a test is a copy, which hears of no warning.
 *
 * @see jest-util, createProcessObject
 */
const actualProcess = vm.runInThisContext('process') as NodeJS.Process

const heard: string[] = []
const hear = ({ name, message }: Error): void => void heard.push(`${name}: ${message}`)
actualProcess.on('warning', hear)
afterAll(() => void actualProcess.off('warning', hear))

/** What Node has warned of in this file, and was not taken before; a warning is told a tick after its cause. */
export async function takeWarnings(): Promise<string[]> {
  await nextTurn()
  return heard.splice(0)
}
