/** A line on the terminal at once: the console of jest tells where it was called, and only at the end. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
