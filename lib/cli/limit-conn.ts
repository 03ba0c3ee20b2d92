#!/usr/bin/env node
import { adviseCommand } from './advise.ts'
import { Complaint } from './complaint.ts'
import { printable } from './table.ts'
import { nearest } from '../options/nearest.ts'

const usage = `Usage: limit-conn advise <status-url> [options]

Prints what other limits would have come to, as a program that runs now tells by its statusRouter.
<status-url> is where that is mounted, such as http://127.0.0.1:3000/status

Options:
  --zone <name>                of this zone only
  --max-rejected-share <0..1>  the share of arrivals that a limit may refuse; default 0.001
  --limits <4,6,...>           more limits to look at
  --header <'name: value'>     sent with each request, such as 'authorization: Bearer ...'; may be repeated
  --help                       prints this
`

/** Runs a command, and returns what it prints. */
async function run([command, ...args]: readonly string[]): Promise<string> {
  if ([command, ...args].some((arg) => arg === '--help' || arg === '-h')) return usage
  if (command === 'advise') return adviseCommand(args, process.stdout.columns || Infinity)
  if (command === undefined) throw new Complaint('no command is given; limit-conn --help tells what there is')
  const near = nearest(command, ['advise'])
  const hint = near === undefined ? 'limit-conn --help tells what there is' : `did you mean ${near}?`
  throw new Complaint(`there is no command ${JSON.stringify(command)}; ${hint}`)
}

/** What a server sends is shown, and never done by the terminal. */
function cleaned(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

run(process.argv.slice(2)).then(
  (text) => process.stdout.write(cleaned(text)),
  (error: unknown) => {
    const message = error instanceof Complaint ? error.message : String(error)
    process.stderr.write(cleaned(`limit-conn: ${message}\n`))
    process.exitCode = 1
  },
)
