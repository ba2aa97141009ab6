/** Signed messages as the beacon API takes them (ethereum/beacon-APIs): numbers as decimal strings, bytes as 0x and small hex. */
import { bare, integerOf, textOf } from '../fields.ts'
import type { Message } from '../kind.ts'
import type { JsonObject } from '../../wire/canonical.ts'

/** The body of POST /eth/v1/beacon/pool/bls_to_execution_changes is a list of these (types/bls_to_execution_change.yaml). */
export interface SignedBLSToExecutionChange extends JsonObject {
  readonly message: { readonly validator_index: string; readonly from_bls_pubkey: string; readonly to_execution_address: string }
  readonly signature: string
}

/** @param message a checked one of the kind `eth/bls-to-execution-change`; @param signature 96 bytes, hex */
export function signedBlsToExecutionChange(message: Message, signature: string): SignedBLSToExecutionChange {
  return {
    message: {
      validator_index: String(integerOf(message, 'validatorIndex')),
      from_bls_pubkey: `0x${bare(textOf(message, 'fromBlsPubkey'))}`,
      to_execution_address: `0x${bare(textOf(message, 'toExecutionAddress'))}`,
    },
    signature: `0x${signature}`,
  }
}
