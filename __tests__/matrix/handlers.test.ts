import { it } from '@jest/globals'
import { cellsOf } from './matrix.ts'
import { handlers } from './rows/handlers.ts'

it.each(cellsOf(handlers))('%s', (_, checkCell) => checkCell())
