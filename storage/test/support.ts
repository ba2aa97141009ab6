/** People with real keys, their messages, and storages on free ports in temporary folders. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { KeyriteError } from '../../engine/base/errors.ts'
import { toHex, utf8 } from '../../engine/base/bytes.ts'
import { sha256 } from '../../engine/crypto/hash.ts'
import { ed25519FromSeed } from '../../engine/crypto/ed25519.ts'
import type { KeyPair } from '../../engine/crypto/ed25519.ts'
import { canonical } from '../../engine/base/canonical.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { ceremonyId, signCard } from '../../engine/wire/card.ts'
import type { Card, Opening } from '../../engine/wire/card.ts'
import { EMPTY_HEAD, EMPTY_LOG, headAfter } from '../../engine/wire/log.ts'
import { parseMessage, signMessage, signStatement, textHash } from '../../engine/wire/message.ts'
import type { Pin, Statement } from '../../engine/wire/message.ts'
import { signObject } from '../../engine/wire/sign.ts'
import { attachmentHeader } from '../../engine/wire/board.ts'
import type { ConnectOptions } from '../client.ts'
import type { Limits } from '../limits.ts'
import { serve } from '../serve.ts'
import type { Serving } from '../serve.ts'
import { DEFAULT_STORE } from '../stores/table.ts'
import type { StoreName } from '../stores/table.ts'

export const TOKEN = 'let-me-in-0123456789'
export const BOARD = 'meadow'
export const HASH_A = 'aa'.repeat(32)

export interface Person {
  readonly card: Card
  readonly signing: KeyPair
  readonly airgap: KeyPair
}

export function person(name: string, epoch = '00'.repeat(16)): Person {
  const signing = ed25519FromSeed(sha256(utf8(`signing ${name}`)))
  const airgap = ed25519FromSeed(sha256(utf8(`airgap ${name}`)))
  return { card: { name, signingKey: toHex(signing.publicKey), airgapKey: toHex(airgap.publicKey), epoch }, signing, airgap }
}

export interface Extra {
  readonly seen?: Pin
  readonly attachment?: string
  /** A ceremony other than the circle's. */
  readonly ceremony?: string
}

/** A message's canonical text, signed by its author. */
export function textOf(author: Person, statement: Statement, { seen = EMPTY_LOG, attachment }: Extra = {}, airgapSignature?: string): string {
  const rest = { statement, seen, ...(airgapSignature && { airgapSignature }), ...(attachment && { attachment }) }
  return canonical(signMessage(author.signing.secretKey, rest))
}

const before = { ceremony: null, step: null, view: null } as const

/** A Ready with a card that the author's airgap signed. */
export function readyOf(author: Person, card: Card = author.card, extra: Extra = {}): string {
  const payload = { card, cardSignature: signCard(author.airgap.secretKey, card), script: { name: 'dkg', hash: HASH_A } }
  return textOf(author, { ...before, type: 'Ready', from: author.card.name, payload }, extra)
}

export function openingOf(people: readonly Person[], parameters: JsonObject = {}): Opening {
  const roster = people.map(({ card }) => card).sort((a, b) => (a.name < b.name ? -1 : 1))
  return { script: { name: 'dkg', version: '1.0.0', hash: HASH_A }, parameters, roster, opensAt: '2026-01-01T00:00:00Z', nonce: HASH_A, rehearsal: false }
}

/** The members of the ceremony that the circle opens. */
const CIRCLE = ['ann', 'ben', 'cleo', 'dora'].map((name) => person(name))
const CIRCLE_OPENING = openingOf(CIRCLE)
export const CEREMONY = ceremonyId(CIRCLE_OPENING)

export const openedOf = (author: Person, opening: Opening, extra: Extra = {}): string =>
  textOf(author, { ...before, type: 'Opening', from: author.card.name, payload: opening }, extra)

export const circleOf = (author: Person): string => openedOf(author, CIRCLE_OPENING)

/** A message without a slot and with any content, of which a participant may post as many as it likes: an Opening. */
export const anyOf = (author: Person, content: JsonObject, extra: Extra = {}): string =>
  openedOf(author, openingOf([author, person('someone')], content), extra)

/** A statement of an airgap, in a message of its client. */
export function statedOf(author: Person, step: string, payload: JsonObject = {}, { ceremony = CEREMONY, ...extra }: Extra = {}): string {
  const statement = { ceremony, step, type: 'Thing', from: author.card.name, view: HASH_A, payload }
  return textOf(author, statement, extra, signStatement(author.airgap.secretKey, statement))
}

/** A statement of a client alone. */
export const saidOf = (author: Person, step: string, payload: JsonObject = {}, { ceremony = CEREMONY, ...extra }: Extra = {}): string =>
  textOf(author, { ceremony, step, type: 'Thing', from: author.card.name, view: HASH_A, payload }, extra)

export const abortOf = (author: Person, payload: JsonObject, { ceremony = CEREMONY, ...extra }: Extra = {}): string =>
  textOf(author, { ceremony, step: null, type: 'Abort', from: author.card.name, view: HASH_A, payload }, extra)

/** The head of a log of these texts. */
export const headOf = (texts: readonly string[]): string => texts.reduce((head, text) => headAfter(head, parseMessage(text), textHash(text)), EMPTY_HEAD)

export const credentialsOf = ({ card, signing }: Person): NonNullable<ConnectOptions['credentials']> => ({
  name: card.name,
  sign: (label, object) => signObject(signing.secretKey, label, object),
})

export const attachmentAuth = (author: Person, hash: string, board = BOARD): string =>
  attachmentHeader({ name: author.card.name, signature: credentialsOf(author).sign('attachment', { board, hash }) })

const cleanups: (() => Promise<unknown>)[] = []

/** Undoes what a test left, last first. For `afterEach`. */
export async function cleanUp(): Promise<void> {
  for (const undo of cleanups.splice(0).reverse()) await undo()
}

export const later = (undo: () => Promise<unknown>): void => void cleanups.push(undo)

export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'keyrite-storage-'))
  later(() => rm(path, { recursive: true, force: true }))
  return path
}

export interface Started extends Serving {
  /** `http://127.0.0.1:PORT/boards/meadow` */
  readonly board: string
  readonly said: readonly string[]
}

export async function start(options: { readonly store?: StoreName; readonly data?: string; readonly limits?: Partial<Limits>; readonly port?: number } = {}): Promise<Started> {
  const said: string[] = []
  const { data, store = data === undefined ? 'memory' : DEFAULT_STORE, limits = {}, port = 0 } = options
  const boards = [{ name: BOARD, joinToken: TOKEN }]
  const serving = await serve({ host: '127.0.0.1', port, boards, store, ...(data === undefined ? {} : { data }), limits, say: (line) => void said.push(line) })
  later(() => serving.close())
  return { ...serving, board: `${serving.url}/boards/${BOARD}`, said }
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly json: unknown
}

export async function post(board: string, text: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text }
  return reply(await fetch(`${board}/messages`, init))
}

export const enter = (board: string, author: Person): Promise<Reply> =>
  post(board, readyOf(author), { authorization: `Bearer ${TOKEN}` })

/** Registers a member of the circle, who then opens its ceremony. */
export async function begin(board: string, author: Person): Promise<void> {
  expect((await enter(board, author)).status).to.equal(201)
  expect((await post(board, circleOf(author))).status).to.equal(201)
}

export const get = async (url: string): Promise<Reply> => reply(await fetch(url))

async function reply(response: Response): Promise<Reply> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, json: text === '' ? null : JSON.parse(text) }
}

/** The last part of a problem's type, after checking that it is one. */
export function problem({ status, headers, json }: Reply): string {
  expect(headers.get('content-type')).to.match(/^application\/problem\+json/)
  expect(json).to.include({ status })
  const { type } = json as { type: string }
  return `${String(status)} ${type.replace('urn:problem-type:keyrite:', '')}`
}

export async function rejection(promise: Promise<unknown>): Promise<KeyriteError> {
  try {
    await promise
  } catch (error) {
    if (isKeyriteError(error)) return error
    throw error
  }
  throw new Error('it was not refused')
}
