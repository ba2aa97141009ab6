/**
 * An airgap at a terminal of its own, and the text that a scanner types there: requests that are made here and not by a
 * client.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { sealEnvelope } from '../../../engine/channel/envelope.ts'
import { pack } from '../../../engine/channel/payload.ts'
import { writeWhole } from '../../../engine/channel/ur.ts'
import { toHex } from '../../../engine/base/bytes.ts'
import { ed25519FromSeed } from '../../../engine/crypto/ed25519.ts'
import type { Script } from '../../../engine/machines/ceremony.ts'
import type { JsonObject } from '../../../engine/base/canonical.ts'
import { ceremonyId } from '../../../engine/wire/card.ts'
import type { Card, Opening } from '../../../engine/wire/card.ts'
import { KEYRITE } from '../keyrite/run.ts'

/** Whether `script` of util-linux is there, which gives a program a terminal. */
export const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0

export interface Terminal {
  /** All output, without colours and cursor movements. */
  readonly text: () => string
  /** Resolves once this stands in the output since the last `said`. */
  readonly said: (pattern: RegExp) => Promise<RegExpExecArray>
  /** Types as a scanner does: all at once. */
  readonly burst: (text: string) => void
  /** Types as fingers do: one key after another. */
  readonly type: (text: string) => Promise<void>
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
  readonly kill: () => void
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** @param then a shell command that is run after the airgap, in the same terminal */
export function airgapTerminal(home: string, args: readonly string[], { columns = 80, rows = 24, then = 'true' } = {}): Terminal {
  const command = [...KEYRITE, ...args].map((word) => `'${word}'`).join(' ')
  const child: ChildProcess = spawn('script', ['-qec', `stty rows ${rows} cols ${columns}; ${command}; code=$?; ${then}; exit $code`, '/dev/null'], {
    env: { ...process.env, KEYRITE_HOME: home, NO_COLOR: '1', TERM: 'xterm', SHELL: '/bin/sh' }, stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  let from = 0
  const listeners = new Set<() => void>()
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
    listeners.forEach((listener) => listener())
  })
  let isOver = false
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => {
    isOver = true
    listeners.forEach((listener) => listener())
    resolve(code)
  }))
  const bare = (): string => stripVTControlCharacters(text).replaceAll('\r', '')
  const burst = (typed: string): void => void child.stdin?.write(typed)
  return {
    text: bare,
    said: (pattern) => new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(bare().slice(from))
        if (found === null && !isOver) return
        clearTimeout(late)
        listeners.delete(look)
        if (found === null) reject(new Error(`never said ${String(pattern)}:\n${bare()}`))
        else {
          from += found.index + found[0].length
          resolve(found)
        }
      }
      const late = setTimeout(() => {
        isOver = true
        look()
      }, 40_000)
      listeners.add(look)
      look()
    }),
    burst,
    type: async (typed) => {
      for (const character of typed) {
        burst(character)
        await sleep(90)
      }
    },
    ended,
    kill: () => child.kill('SIGKILL'),
  }
}

/** A transfer as one line, with the Enter that a scanner types after it. */
export const scanned = (request: string): string => `${writeWhole(pack(request))}\r`

/** The public key of somebody who is not there. */
const publicKey = (seed: number): string => toHex(ed25519FromSeed(new Uint8Array(32).fill(seed)).publicKey)

export const cardOf = (name: string, airgapKey: string, seed = 1): Card => ({ name, signingKey: publicKey(seed), airgapKey, epoch: seed.toString(16).padStart(32, '0') })
export const stranger = (name: string, seed: number): Card => cardOf(name, publicKey(seed), seed + 100)

export const pairRequest = ({ name, signingKey }: Card): string =>
  sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ask: 'pair', name, signingKey } })

export function openingOf(script: Script, roster: readonly Card[], parameters: JsonObject, opensAt = Date.now()): Opening {
  return {
    script: { name: script.ceremony.name, version: script.ceremony.version, hash: script.hash },
    parameters, roster: [...roster].sort((a, b) => (a.name < b.name ? -1 : 1)),
    opensAt: `${new Date(opensAt).toISOString().slice(0, 19)}Z`, nonce: '5a'.repeat(32), rehearsal: false,
  }
}

/** The request for a ceremony's first step. */
export const joinRequest = (script: Script, opening: Opening): string =>
  sealEnvelope({ kind: 'request', ceremony: ceremonyId(opening), step: script.ceremony.steps[0]?.name ?? '', body: { ask: 'step', opening, collected: [], prepared: {} } })
