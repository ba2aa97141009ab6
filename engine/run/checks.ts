/**
 * The checks on a message that cost most, and that follow from its bytes alone: signatures, and whether values are
 * what they should be. Every client does them itself; the clients of one simulation share them (`shared.ts`).
 */
import { fieldsProblem } from '../verbs/values.ts'
import { verifyMessage, verifyStatement } from '../wire/message.ts'

export interface MessageChecks {
  readonly message: typeof verifyMessage
  readonly statement: typeof verifyStatement
  readonly fields: typeof fieldsProblem
}

export const ownChecks: MessageChecks = { message: verifyMessage, statement: verifyStatement, fields: fieldsProblem }
