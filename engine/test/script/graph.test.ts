import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { OUTCOMES } from '../../machines/client.ts'
import { abortsAfterSuccess, deadEnds, graphOf, mermaid, outlineOf, reachable } from '../../machines/graph.ts'
import type { Graph } from '../../machines/graph.ts'
import { abandonStep } from '../../run/reading.ts'
import { readShipped, shippedNames } from '../../script/load.ts'

const roles = ['client', 'airgap'] as const
const UPDATE = process.env['UPDATE_GOLDEN'] === '1'

describe('a ceremony as a graph', () => {
  for (const name of shippedNames()) {
    for (const role of roles) {
      const { ceremony } = readShipped(name)
      const graph = graphOf(outlineOf(ceremony), role)

      it(`of ${name} for the ${role}: every path ends, and every step is reached`, () => {
        expect(deadEnds(graph)).to.deep.equal([])
        const seen = reachable(graph, graph.start)
        for (const { inside, id } of graph.states) if (inside !== undefined) expect(seen.has(id), id).to.equal(true)
      })

      it(`of ${name} for the ${role} is drawn as it always was (UPDATE_GOLDEN=1 draws anew)`, () => {
        const file = new URL(`../golden/${name}.${role}.mmd`, import.meta.url)
        const drawn = mermaid(ceremony, role)
        if (UPDATE) writeFileSync(file, drawn)
        expect(existsSync(file) ? readFileSync(file, 'utf8') : undefined).to.equal(drawn)
      })

      it(`of ${name} for the ${role} is drawn in the words of Mermaid`, () => {
        const [first, ...lines] = mermaid(ceremony, role).trimEnd().split('\n')
        expect(first).to.equal('stateDiagram-v2')
        const id = '(?:\\[\\*\\]|[A-Za-z_][A-Za-z0-9_]*)'
        // A transition's text holds no colon or semicolon: both end it.
        const line = new RegExp(`^ *(?:%% .*|${id} --> ${id}(?:: [^:;]+)?|state "[^"]+" as ${id}(?: \\{)?|\\})$`)
        for (const text of lines) expect(text).to.match(line)
        expect(lines.filter((text) => text.endsWith('{')).length).to.equal(lines.filter((text) => text.trim() === '}').length)
      })
    }
  }

  it('finds a state from which nothing leads to an end', () => {
    const graph: Graph = {
      start: 'a', groups: [{ id: 'g', label: 'g' }],
      states: [{ id: 'a', label: 'a', inside: 'g' }, { id: 'loop', label: 'loop' }, { id: 'end', label: 'end', final: true }],
      edges: [{ from: 'a', to: 'loop', label: '' }, { from: 'loop', to: 'loop', label: '' }, { from: 'g', to: 'end', label: '' }],
    }
    expect(deadEnds(graph)).to.deep.equal(['loop'])
    expect([...reachable(graph, 'a')].sort()).to.deep.equal(['a', 'end', 'loop'])
  })

  it('leads to every end that the machine has, and to giving up only where a step of the airgap’s follows the certificate', () => {
    for (const name of shippedNames()) {
      const { ceremony } = readShipped(name)
      const graph = graphOf(outlineOf(ceremony), 'client')
      const ends = [...reachable(graph, graph.start)].filter((id) => graph.states.some((one) => one.id === id && one.final === true)).sort()
      expect(ends, name).to.deep.equal(OUTCOMES.filter((outcome) => outcome !== 'stopped').sort())
      expect(reachable(graph, graph.start).has('abandoning'), name).to.equal(abandonStep(ceremony) !== undefined)
      expect(reachable(graphOf(outlineOf(ceremony), 'airgap'), `${ceremony.steps[0]?.name ?? ''}_waiting`).has('abandoned'), name).to.equal(abandonStep(ceremony) !== undefined)
    }
  })

  it('finds what could abort after success, in any later step', () => {
    const step = { side: 'airgap', confirm: false, assist: false, agree: false, all: true } as const
    const outline = (certificate: number) => ({
      certificate,
      steps: [{ ...step, name: 'A', agree: true }, { ...step, name: 'B' }, { ...step, name: 'C', confirm: true, disputes: 'D' }],
    })
    expect(abortsAfterSuccess(outline(0))).to.deep.equal([{ step: 'C', part: 'confirm' }, { step: 'C', part: 'disputes' }])
    expect(abortsAfterSuccess(outline(2))).to.deep.equal([])
  })
})
