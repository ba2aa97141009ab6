import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { createMachine } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import { abandonStep } from '../../machines/ceremony.ts'
import { OUTCOMES } from '../../machines/client.ts'
import { ROLES } from '../../base/names.ts'
import { configOf, deadEnds, machineOf, mermaid, reachable, statesIn, waysFrom } from '../../machines/graph.ts'
import { readShipped, shippedNames } from '../../script/load.ts'

const UPDATE = process.env['UPDATE_GOLDEN'] === '1'

/** Every state and way of a machine, as texts. */
const shape = ({ root }: AnyStateMachine): readonly string[] => [
  ...statesIn(root).map(({ path, type }) => `${path.join('.')} ${type}`),
  ...[root, ...statesIn(root)].flatMap(waysFrom).map(({ from, to, label }) => `${from.path.join('.')} → ${to.path.join('.')}: ${label}`),
]

describe('a ceremony as a graph', () => {
  for (const name of shippedNames()) {
    for (const role of ROLES) {
      const { ceremony } = readShipped(name)
      const machine = machineOf(ceremony, role)

      it(`of ${name} for the ${role}: every path ends, and every state is reached`, () => {
        expect(deadEnds(machine).map(({ id }) => id)).to.deep.equal([])
        const seen = reachable(machine)
        expect(statesIn(machine.root).filter((state) => !seen.has(state)).map(({ id }) => id)).to.deep.equal([])
      })

      it(`of ${name} for the ${role} says in plain words what leads from one state to another`, () => {
        for (const state of statesIn(machine.root)) for (const { label, to } of waysFrom(state)) expect(label, `${state.id} → ${to.id}`).to.match(/^[a-z][^:;]*$/)
      })

      it(`of ${name} for the ${role} is drawn as it always was (UPDATE_GOLDEN=1 draws anew)`, () => {
        const file = new URL(`../golden/${name}.${role}.mmd`, import.meta.url)
        const drawn = mermaid(ceremony, role)
        if (UPDATE) writeFileSync(file, drawn)
        expect(existsSync(file) ? readFileSync(file, 'utf8') : undefined).to.equal(drawn)
      })

      it(`of ${name} for the ${role} is drawn in the words of Mermaid, and all that runs is drawn`, () => {
        const [first, ...lines] = mermaid(ceremony, role).trimEnd().split('\n')
        expect(first).to.equal('stateDiagram-v2')
        const id = '(?:\\[\\*\\]|[A-Za-z_][A-Za-z0-9_]*)'
        // A transition's text holds no colon or semicolon: both end it.
        const line = new RegExp(`^ *(?:%% .*|${id} --> ${id}(?:: [^:;]+)?|state "[^"]+" as ${id}(?: \\{)?|state ${id} <<choice>>|\\})$`)
        for (const text of lines) expect(text).to.match(line)
        expect(lines.filter((text) => text.endsWith('{')).length).to.equal(lines.filter((text) => text.trim() === '}').length)
        const drawn = lines.flatMap((text) => /(?:state "[^"]+" as|state) (\w+)/.exec(text)?.[1] ?? [])
        expect(drawn.sort()).to.deep.equal(statesIn(machine.root).map(({ path }) => path.join('_')).sort())
      })

      it(`of ${name} for the ${role} is exported as the machine that it is`, () => {
        const again = createMachine(configOf(machine) as Parameters<typeof createMachine>[0])
        expect(shape(again)).to.deep.equal(shape(machine))
        expect(shape(machine).length).to.be.greaterThan(15)
      })
    }
  }

  it('finds a state from which nothing leads to an end, and one that nothing leads to', () => {
    const machine = createMachine({
      initial: 'g',
      states: { g: { initial: 'a', states: { a: { on: { GO: '#loop' } }, never: {} }, on: { END: 'end' } }, loop: { id: 'loop', on: { GO: 'loop' } }, end: { type: 'final' } },
    })
    expect(deadEnds(machine).map(({ key }) => key)).to.deep.equal(['loop'])
    expect([...reachable(machine)].map(({ key }) => key).filter((key) => key !== '(machine)').sort()).to.deep.equal(['a', 'end', 'g', 'loop'])
  })

  it('leads to every end that the machine has, and to giving up only where a step of the airgap’s follows the certificate', () => {
    for (const name of shippedNames()) {
      const { ceremony } = readShipped(name)
      const seen = (role: (typeof ROLES)[number]) => [...reachable(machineOf(ceremony, role))]
      expect(seen('client').filter(({ type }) => type === 'final').map(({ key }) => key).sort(), name).to.deep.equal([...OUTCOMES].sort())
      for (const [role, key] of [['client', 'abandoning'], ['airgap', 'abandoned']] as const) {
        expect(seen(role).some((state) => state.key === key), `${name} ${role}`).to.equal(abandonStep(ceremony) !== undefined)
      }
    }
  })
})
