import { it } from '@jest/globals'
import { cellsOf } from './matrix.ts'
import { limits } from './rows/limits.ts'

it.each(cellsOf(limits))('%s', (_, checkCell) => checkCell())
