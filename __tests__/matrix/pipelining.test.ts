import { it } from '@jest/globals'
import { cellsOf } from './matrix.ts'
import { pipelining } from './rows/pipelining.ts'

it.each(cellsOf(pipelining))('%s', (_, checkCell) => checkCell())
