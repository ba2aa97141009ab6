/** The tables of types, verbs and rooms in engine/README.md, as the engine's own tables have them. */
import { ROOMS } from './rooms.ts'
import { describeFields, describeType } from '../script/diagnostic.ts'
import { signatures } from '../verbs/table.ts'
import type { Emits, Fields, Signature } from '../verbs/table.ts'
import { keptTypes, valueTypes } from '../verbs/types.ts'

const code = (text: string): string => `\`${text}\``

/** Words in which everything written as in a script is marked as code. */
const marked = (words: string): string => words.replace(/\{[^}]*\}|\[[^\]]*\]/g, code)

const fields = (of: Fields): string => code(describeFields(of))

const besides = (attachment: Fields | undefined): string => (attachment === undefined ? '' : `, attachment ${fields(attachment)}`)

const PLACES: Readonly<Record<Signature['use'], string>> = {
  airgap: 'airgap', client: 'client', value: 'prepare, outputs', check: 'check', assist: 'assist', judge: 'judge',
}

const placeOf = (signature: Signature): string =>
  signature.use === 'airgap' && signature.answers !== undefined ? 'airgap, in a dispute' : PLACES[signature.use]

function emitted({ to, payload, attachment, brought = [] }: Emits, checkedBy: string | undefined): string {
  const from = brought.length === 0 ? '' : ` (${brought.map(code).join(', ')} may be what its client brought)`
  const check = checkedBy === undefined ? '' : `, checked by ${code(checkedBy)}`
  return `to ${to}: ${fields(payload)}${from}${besides(attachment)}${check}`
}

function given(signature: Signature): string {
  switch (signature.use) {
    case 'airgap':
      return [
        emitted(signature.emits, signature.checkedBy),
        ...(signature.disputes === undefined ? [] : [`or disputes with ${fields(signature.disputes)}`]),
        ...(signature.keeps === undefined ? [] : [`keeps a ${code(signature.keeps)}`]),
        ...(signature.asks === undefined ? [] : [`may ask ${code(signature.asks)}`]),
      ].join('; ')
    case 'client':
      return emitted(signature.emits, signature.checkedBy)
    case 'value':
      return marked(describeType(signature.gives))
    case 'check':
      return `for messages with ${fields(signature.payload)}${besides(signature.attachment)}`
    case 'assist':
      return `answers ${code(signature.asked)}`
    case 'judge':
      return `judges ${fields(signature.dispute)} by ${fields(signature.answer)}`
  }
}

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`

export const typeRows: readonly string[] = [
  ...Object.entries(valueTypes).map(([name, { stands, doc }]) => row(code(name), stands.join(', '), doc)),
  ...Object.entries(keptTypes).map(([name, { doc }]) => row(code(name), 'keeps', doc)),
]

export const verbRows: readonly string[] = signatures.map((one) =>
  row(code(one.name), placeOf(one), one.takes.map((type) => marked(describeType(type))).join('; ') || code('[]'), given(one), one.doc))

/** The rows of one folder's rooms, for its README. READMEs outside the engine call all its rooms `engine`. */
function roomRows(folder: string): readonly string[] {
  return Object.entries(ROOMS).filter(([path]) => path === folder || path.startsWith(`${folder}/`)).map(([path, { what, imports }]) => {
    const name = path === folder ? '.' : path.slice(folder.length + 1)
    const shown = imports.map((one) => (folder === 'engine' ? one.replace('engine/', '') : one.replace(/^engine\/.*/, 'engine')))
    return row(path === folder ? 'this folder' : `[${name}/](${name})`, what, [...new Set(shown)].join(', ') || 'nothing')
  })
}

/** A page with the rows under this head made anew. */
function put(text: string, head: string, rows: readonly string[]): string {
  const start = text.indexOf('\n', text.indexOf('\n', text.indexOf(head)) + 1) + 1
  const end = text.indexOf('\n\n', start - 1)
  return `${text.slice(0, start)}${rows.join('\n')}${end === -1 ? '\n' : text.slice(end)}`
}

/** A folder's README with its tables made anew. */
export function withTables(page: string, folder: string): string {
  const rooms = put(page, '| room | what it is for |', roomRows(folder))
  return folder === 'engine' ? put(put(rooms, '| type | may stand in |', typeRows), '| verb | stands after |', verbRows) : rooms
}
