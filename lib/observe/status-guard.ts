import type { IncomingMessage } from 'node:http'
import { tellWarning } from '../core/channels.ts'
import { functionFailed, isThenable, withDeadline } from '../core/limit.ts'
import { toldOf } from '../core/peer.ts'
import { isLimitConnError } from '../errors.ts'
import { Failure } from './status-answer.ts'
import { hostOf, isNavigation, isOfOtherSite } from './status-site.ts'

/** Who may see and change what a router shows: only `true` lets a caller in. */
export type Authorize = (req: IncomingMessage) => boolean | PromiseLike<boolean>

/** How long a caller waits at most until `authorize` has answered, in milliseconds. */
const timeoutMs = 10_000

const path = 'statusRouter.authorize'

/** Why a caller is refused; undefined: it is let in. */
export async function refusalOf(
  req: IncomingMessage,
  { authorize, isPage }: { readonly authorize: Authorize | undefined; readonly isPage: boolean },
): Promise<Failure | undefined> {
  // A link to the page may stand anywhere. What the page asks for is of its own site then.
  if (isOfOtherSite(req) && !(isPage && isNavigation(req))) return forbidden(ofOtherSite)

  const refusal = authorize ? await refusalBy(authorize, req) : refusalOfStranger(req)
  if (refusal) return refusal
  if (req.method !== 'DELETE' || authorize) return undefined
  return forbidden(`without authorize this router is read-only; ${remedy}`)
}

const ofOtherSite =
  'a page of another site is not answered: Sec-Fetch-Site must be same-origin or none, and Origin the Host that is asked'

/** A function that fails says no. The caller is told no more; how it failed is told to those who listen to warnings. */
async function refusalBy(authorize: Authorize, req: IncomingMessage): Promise<Failure | undefined> {
  const answer = await answerOf(authorize, req)
  if (answer === true) return undefined
  if (isLimitConnError(answer)) tellWarning({ code: answer.code, message: answer.message })
  return forbidden('you are not authorized')
}

/** Never rejects. */
async function answerOf(authorize: Authorize, req: IncomingMessage): Promise<unknown> {
  try {
    const answer = authorize(req)
    return isThenable(answer) ? await withDeadline(answer, timeoutMs, path) : answer
  } catch (cause) {
    return functionFailed(path, cause)
  }
}

/** Nobody is asked: only the machine itself is answered, and not what somebody else has sent there. */
function refusalOfStranger(req: IncomingMessage): Failure | undefined {
  if (!loopbackPeer.test(req.socket.remoteAddress ?? ''))
    return forbidden(`without authorize only callers on this machine are answered; ${remedy}`)
  if (isProxied(req))
    return forbidden(`without authorize nothing is answered that came through a proxy; ${remedy}`)
  if (!loopbackHost.test(hostOf(req)))
    return forbidden(`without authorize the Host must be localhost or a loopback address; ${remedy}`)
  return undefined
}

const remedy = 'give statusRouter an authorize function'

/** As Node writes the address of a socket. By its text: other IPv6 forms of 127.0.0.1 come from elsewhere. */
const loopbackPeer = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/

/** A page of another name, which its owner has pointed at this machine, is told from one of this machine. */
const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

const byProxies =
  /^(?:forwarded|via|x-(?:original-)?forwarded(?:-.*)?|x-real-ip|(?:x|true|fastly)-client-ip|x-cluster-client-ip|x-envoy-external-address|cf-connecting-ip|cdn-loop)$/

/** By a header, of HTTP or of the PROXY protocol. HTTP/1.0 is what nginx up to 1.29.6 speaks unless it is told, and adds none. */
function isProxied(req: IncomingMessage): boolean {
  if (req.httpVersion === '1.0' || toldOf(req.socket) !== undefined) return true
  return Object.keys(req.headers).some((name) => byProxies.test(name))
}

function forbidden(text: string): Failure {
  return new Failure(403, 'Forbidden', text)
}
