import { it } from '@jest/globals'
import { cellsOf } from './matrix.ts'
import { sessions } from './rows/sessions.ts'

it.each(cellsOf(sessions))('%s', (_, checkCell) => checkCell())
