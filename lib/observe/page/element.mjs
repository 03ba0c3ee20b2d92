/** What is found by its id. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id))
}

/** The part of that name. @param {ParentNode} root @param {string} name @returns {HTMLElement} */
export function part(root, name) {
  return /** @type {HTMLElement} */ (root.querySelector(`[data-part="${name}"]`))
}

/** A copy of the first element in a template. @param {string} id @returns {HTMLElement} */
export function copyOf(id) {
  const template = /** @type {HTMLTemplateElement} */ (byId(id))
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true))
}

/** Copies all that is in a template into an element. @param {string} id @param {Element} into */
export function copyInto(id, into) {
  const template = /** @type {HTMLTemplateElement} */ (byId(id))
  into.append(template.content.cloneNode(true))
}

/** Puts text in, and touches nothing where it is there already. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** @param {string} name @param {string} text @param {string} [className] @returns {HTMLElement} */
export function make(name, text, className = '') {
  const element = document.createElement(name)
  element.textContent = text
  element.className = className
  return element
}

/** Text of which nobody knows the direction. @param {string} text @param {string} [className] @returns {HTMLElement} */
export function isolated(text, className = '') {
  const element = make('bdi', text, className)
  element.title = text
  return element
}

/** Draws a part of a whole as a width. @param {Element | null} bar @param {number} share */
export function fill(bar, share) {
  const width = Number.isFinite(share) ? Math.min(1, Math.max(0, share)) * 100 : 0
  if (bar) /** @type {HTMLElement} */ (bar).style.width = `${width.toFixed(2)}%`
}
