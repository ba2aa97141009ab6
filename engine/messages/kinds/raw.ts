import { bare, bytesOf, hexField, textOf } from '../fields.ts'
import type { MessageKind } from '../kind.ts'

/** A root of 32 bytes, which is signed as it is: it may be the root of anything. */
export const raw: MessageKind = {
  name: 'raw',
  doc: 'A root of 32 bytes, signed blind, as it is: only where the airgap runs with --allow-blind.',
  fields: { root: hexField('Root', 32) },
  display: (message) => [
    { label: 'Warning', value: 'Nobody can see what this is. It may be an exit, a withdrawal, anything that this key can sign.', warning: true },
    { label: 'Root', value: `0x${bare(textOf(message, 'root'))}` },
  ],
  signs: { root: (message) => bytesOf(message, 'root') },
  blind: true,
  example: { kind: 'raw', root: '8ec03b5ea7732a836c8f6fbd191cf2c06f626fd93cc9ff904fd134bfe94edee0' },
}
