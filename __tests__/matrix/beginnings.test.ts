import { it } from '@jest/globals'
import { cellsOf } from './matrix.ts'
import { beginnings } from './rows/beginnings.ts'

it.each(cellsOf(beginnings))('%s', (_, checkCell) => checkCell())
