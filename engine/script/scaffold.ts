/** A small ceremony to start from, for those who write their own. */
import { piecesOf } from '../base/text.ts'

/**
 * A script that is valid as it stands, with comments that say what to change.
 *
 * @param name the ceremony's name, 1 to 32 of a–z, 0–9 and hyphen
 * @param title one line for the participants
 * @param schemaPath path or URL of `ceremony.schema.json`, as the editor finds it from the new file
 */
export function newScript(name: string, title: string, schemaPath: string): string {
  return `# yaml-language-server: $schema=${oneLine(schemaPath)}
#
# An editor that knows YAML schemas (VS Code with the YAML extension, for one) explains every field here and completes
# verbs and types. Then:
#   keyrite ceremony validate FILE      says what is wrong, and what to do about it
#   keyrite ceremony graph FILE         draws it
#   keyrite ceremony simulate FILE      runs it, with made-up participants

ceremony: ${JSON.stringify(name)}
version: "0.1.0"
title: ${JSON.stringify(oneLine(title))}

# How many people can take part.
participants: { min: 2, max: 64 }

# What is chosen when the ceremony is opened. Every owner sees it on the airgap's screen and confirms it.
parameters:
  purpose: text

# The messages that the steps send: to whom, and what is in them.
messages:
  # A digest binds its maker to a number without showing it.
  Commit:
    to: everyone
    payload: { digest: hash }

  # The number itself.
  Reveal:
    to: everyone
    payload: { value: hash }

# The steps, in their order. In each, everyone's airgap runs a verb, its message is sent, and all wait for one another.
steps:
  # Everyone draws a number and binds itself to it.
  SendCommits:
    confirm: [purpose]                    # shown once more before this step
    airgap: { random.commit: [] }         # a verb and its arguments
    sends: Commit
    collect: all                          # nobody goes on before everybody is here
    within: 24h                           # or else the ceremony is aborted

  # When all are bound, everyone shows its number.
  SendReveals:
    airgap: { random.reveal: [Commit] }   # reads what the first step has collected
    sends: Reveal
    check: { random.opens: [Commit] }     # every client checks every message that comes in
    collect: all
    within: 24h

# The step that makes it a success. From then on nothing aborts any more.
certificate: SendReveals

# What comes out.
outputs:
  number: { random.mix: [Reveal] }
`
}

/** Nothing that could end the comment or the line, or that a script may not have. */
const oneLine = (text: string): string => Array.from(piecesOf(text, { lines: false }), ({ piece, isLegible }) => (isLegible ? piece : ' ')).join('')
