import { it } from '@jest/globals'
import { cellsOf } from './matrix.ts'
import { upgrades } from './rows/upgrades.ts'

it.each(cellsOf(upgrades))('%s', (_, checkCell) => checkCell())
