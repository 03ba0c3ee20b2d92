const width = 300
const height = 56
const svgNames = 'http://www.w3.org/2000/svg'

/** @typedef {import('./history.mjs').Sample} Sample */

/** A chart of the last minutes: an area, or two lines, and the highest value beside it. */
export class Chart {
  #svg = svg('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img' })
  /** @type {{ of: (sample: Sample) => number, area: Element, line: Element }[]} */
  #lines
  #highest = document.createElement('span')
  #from = document.createElement('span')

  /** @param {Element} into @param {Record<string, (sample: Sample) => number>} lines by their class */
  constructor(into, lines) {
    this.#svg.append(svg('line', { x1: 0, x2: width, y1: height - 1, y2: height - 1, class: 'axis' }))
    this.#lines = Object.entries(lines).map(([name, of]) => {
      const [area, line] = [svg('path', { class: `area ${name}` }), svg('path', { class: `line ${name}` })]
      this.#svg.append(area, line)
      return { of, area, line }
    })
    this.#highest.className = 'highest'
    this.#highest.setAttribute('aria-hidden', 'true')
    into.append(this.#svg, this.#highest, this.#ends())
  }

  /** @param {import('./history.mjs').History} history @param {{ label: string, highest: (number: number) => string }} words */
  draw({ samples, spanMs }, { label, highest }) {
    const values = samples.flatMap((sample) => this.#lines.map(({ of }) => of(sample)))
    const most = Math.max(0, ...values)
    const runs = runsOf(samples)
    for (const { of, area, line } of this.#lines) {
      const isFlat = this.#lines.length > 1 && samples.every((sample) => of(sample) === 0)
      const pointed = runs.map((run) =>
        pointsOf(run, { nowMs: samples.at(-1)?.atMs ?? 0, spanMs, most: most || 1, of }),
      )
      line.setAttribute('d', isFlat ? '' : pointed.map((points) => `M${points.join('L')}`).join(''))
      area.setAttribute('d', isFlat ? '' : pointed.map((points) => closed(points)).join(''))
    }
    const minutes = `${spanMs / 60_000} min`
    this.#from.textContent = `${minutes} ago`
    this.#highest.textContent = most > 0 ? highest(most) : ''
    this.#svg.setAttribute('aria-label', `${label}; highest in ${minutes}: ${highest(most)}`)
  }

  #ends() {
    const element = document.createElement('span')
    element.className = 'ends'
    element.setAttribute('aria-hidden', 'true')
    element.append(this.#from, 'now')
    return element
  }
}

/** Those that follow each other without a gap. @param {readonly Sample[]} samples @returns {Sample[][]} */
function runsOf(samples) {
  /** @type {Sample[][]} */
  const runs = []
  for (const sample of samples) {
    if (sample.afterGap || runs.length === 0) runs.push([])
    runs[runs.length - 1].push(sample)
  }
  return runs
}

/**
 * @param {readonly Sample[]} run
 * @param {{ nowMs: number, spanMs: number, most: number, of: (sample: Sample) => number }} scale
 */
function pointsOf(run, { nowMs, spanMs, most, of }) {
  return run.map((sample) => {
    const x = width - ((nowMs - sample.atMs) / spanMs) * width
    const y = height - 1 - (of(sample) / most) * (height - 4)
    return `${x.toFixed(1)} ${y.toFixed(1)}`
  })
}

/** @param {readonly string[]} points */
function closed(points) {
  const [first, last] = [points[0].split(' ')[0], points[points.length - 1].split(' ')[0]]
  return `M${first} ${height - 1}L${points.join('L')}L${last} ${height - 1}Z`
}

/** @param {string} name @param {Record<string, string | number>} attributes @returns {Element} */
function svg(name, attributes) {
  const element = document.createElementNS(svgNames, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  return element
}
