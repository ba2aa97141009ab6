/** What is shown of any ceremony on the board, whoever reads it. */
import type { Script } from '../../engine/machines/ceremony.ts'
import type { Opened } from '../../engine/run/lobby.ts'
import type { Post } from '../../engine/run/reading.ts'
import type { CeremonyView } from './model.ts'
import { line, parameterFacts } from './texts.ts'

/** Reads the messages of one ceremony. */
export interface Reader {
  readonly opened: Opened
  accept(post: Post): void
  /** Does this message carry an attachment that the ceremony's rules need? */
  wantsAttachment(post: Post): boolean
  view(number: string | null): CeremonyView
}

type Head = 'id' | 'number' | 'script' | 'title' | 'isRehearsal' | 'openedBy' | 'opensAt' | 'offset' | 'parameters'

/** The part that stands in the opening itself. */
export function headView({ id, opening, by, offset }: Opened, script: Script | undefined, number: string | null): Pick<CeremonyView, Head> {
  const { name, version, hash } = opening.script
  return {
    id, number, offset,
    script: { name, version: line(version, 32), hash },
    title: script?.ceremony.title ?? null,
    isRehearsal: opening.rehearsal,
    openedBy: by,
    opensAt: opening.opensAt,
    parameters: parameterFacts(opening.parameters, script?.ceremony.parameters, Object.keys(script?.ceremony.follows ?? {})),
  }
}

/** What a view has where nothing is known yet. */
export const NOTHING = {
  problem: null, usableAt: null, bound: [], steps: [], current: 0, rows: [], awaited: [], needed: null, aborts: [], faults: [], disputes: [], outputs: [],
  attachments: [], attachmentCount: 0,
} as const
