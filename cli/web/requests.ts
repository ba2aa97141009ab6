/** What a page may send, checked. */
import { compileCheck, objectSchema } from '../../engine/wire/schema.ts'
import { MOST_REASON } from '../../engine/wire/reason.ts'
import { WebRefusal } from './body.ts'
import { MOST_FRAME_CHARACTERS, MOST_FRAMES } from './protocol.ts'

const text = (maxLength: number) => ({ type: 'string', maxLength })

const token = compileCheck<{ readonly token: string }>(objectSchema({ token: text(256) }))
const frames = compileCheck<{ readonly frames: readonly string[] }>(
  objectSchema({ frames: { type: 'array', maxItems: MOST_FRAMES, items: text(MOST_FRAME_CHARACTERS) } }),
)
const answer = compileCheck<{ readonly question: string; readonly answer: string }>(objectSchema({ question: text(64), answer: text('no '.length + MOST_REASON) }))

const taken = compileCheck<{ readonly id: string }>(objectSchema({ id: text(64) }))

/** @throws WebRefusal, wire.malformed */
export const checkToken = (body: string): string => token(parsed(body), 'The page’s token').token
export const checkFrames = (body: string): readonly string[] => frames(parsed(body), 'The page’s frames').frames
export const checkAnswer = (body: string): { readonly question: string; readonly answer: string } => answer(parsed(body), 'The page’s answer')

export const checkTaken = (body: string): string => taken(parsed(body), 'What the page says was taken').id

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new WebRefusal(400, 'json', 'That is no JSON.')
  }
}
