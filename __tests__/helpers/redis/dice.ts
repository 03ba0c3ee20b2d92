import { jest } from '@jest/globals'

const { diceOf: make }: { readonly diceOf: (seed: number) => () => number } =
  jest.requireActual('../crowd/dice.js')

/** Dice that fall the same way for the same seed: each roll from 0 to below 1. */
export const diceOf = make
