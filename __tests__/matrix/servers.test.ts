import { it } from '@jest/globals'
import { cellsOf } from './matrix.ts'
import { servers } from './rows/servers.ts'

it.each(cellsOf(servers))('%s', (_, checkCell) => checkCell())
