import { byId, say } from './element.mjs'

const dialog = /** @type {HTMLDialogElement} */ (byId('ask'))
byId('ask-yes').addEventListener('click', () => dialog.close('yes'))
byId('ask-no').addEventListener('click', () => dialog.close(''))

/**
 * Asks before something is changed; what it is about stands there whole. Resolves to whether it may be done.
 * @param {{ title: string, what: string, text: string, yes: string }} words
 * @returns {Promise<boolean>}
 */
export function ask({ title, what, text, yes }) {
  settleAsked()
  tell('')
  const whole = byId('ask-what')
  say(byId('ask-title'), title)
  say(/** @type {Element} */ (whole.firstElementChild), what)
  say(byId('ask-text'), text)
  say(byId('ask-yes'), yes)

  return new Promise((resolve) => {
    settleAsked = () => {
      dialog.removeEventListener('close', dialogClosed)
      settleAsked = askNothing
      resolve(dialog.returnValue === 'yes')
    }
    dialog.addEventListener('close', dialogClosed)
    dialog.returnValue = ''
    dialog.showModal()
    whole.scrollTop = 0
  })
}

function askNothing() {}

/** Ends the question that was asked last, with the answer that it has. */
let settleAsked = askNothing

/** Browsers tell late that a dialog was closed: the next question may be open by then. */
function dialogClosed() {
  if (!dialog.open) settleAsked()
}

/** How long it is said what was done, in milliseconds. */
const toldMs = 15_000
/** @type {number | undefined} */
let untold

/** Says what was done, or why not, also to those who hear the page. @param {string} text */
export function tell(text) {
  clearTimeout(untold)
  say(byId('notice'), text)
  if (text !== '') untold = setTimeout(tell, toldMs, '')
}

/** @param {unknown} error @returns {string} */
export function reasonOf(error) {
  return error instanceof Error ? error.message : String(error)
}
