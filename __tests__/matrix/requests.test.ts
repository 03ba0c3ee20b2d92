import { it } from '@jest/globals'
import { cellsOf } from './matrix.ts'
import { requests } from './rows/requests.ts'

it.each(cellsOf(requests))('%s', (_, checkCell) => checkCell())
