/** The ceremony as a whole: what comes before what, what is never used, and how it ends. */
import type { Step } from '../machines/ceremony.ts'
import type { Resolving } from './calls.ts'
import { nearest } from './codes.ts'
import { hasForm, smallName } from './forms.ts'
import type { DraftCall, DraftStep } from './schema.ts'

export function checkFlow(resolving: Resolving, steps: readonly Step[]): void {
  const { declared, at, report } = resolving
  if (declared.steps.length === 0) {
    report('no-steps', at.key(['steps']), {})
    return
  }
  checkSides(resolving, steps)
  checkCertificate(resolving)
  checkKeeps(resolving)
  checkUnused(resolving)
  checkOnce(resolving)
}

/** A step that has no verb, which is reported elsewhere, counts as the airgap's. */
function isClient(step: DraftStep | undefined): boolean {
  return step?.client !== undefined && step.airgap === undefined
}

/**
 * Checks that airgaps take part from the first step and that all of them see the same: they could not verify a message that a
 * client made, and where only some send one, each would see others.
 */
function checkSides({ draft, declared, at, report }: Resolving, steps: readonly Step[]): void {
  const [first = ''] = declared.steps
  if (isClient(draft.steps[first])) report('first-step', at.key(['steps', first]), { step: first })
  let partial: { before: string; why: string } | undefined
  for (const { name, collect } of steps) {
    const step = draft.steps[name]
    if (step?.airgap !== undefined && partial !== undefined) {
      report('airgap-after', at.key(['steps', name]), { step: name, ...partial })
      return
    }
    if (isClient(step)) partial ??= { before: name, why: 'is a client’s step, whose messages an airgap cannot verify' }
    else if (collect.kind !== 'all') {
      partial ??= { before: name, why: 'does not collect all, so that each airgap would go on from something else' }
    }
  }
}

function checkCertificate({ draft, declared, at, report }: Resolving): void {
  const certificate = declared.steps.indexOf(draft.certificate)
  if (certificate === -1) {
    const sender = declared.steps.find((name) => draft.steps[name]?.sends === draft.certificate) ?? ''
    report('unknown-step', at.value(['certificate']), { name: draft.certificate, known: declared.steps, sender })
    return
  }
  // Nothing may abort a ceremony that has succeeded: no owner's no, no disagreement, no complaint.
  for (const step of declared.steps.slice(certificate + 1)) {
    for (const part of ['confirm', 'agree', 'disputes'] as const) {
      if (draft.steps[step]?.[part] !== undefined) report('after-certificate', at.key(['steps', step, part]), { step, part, certificate: draft.certificate })
    }
  }
}

/** Checks that each kept thing is kept once, and only after the certificate. */
function checkKeeps({ draft, declared, at, report }: Resolving): void {
  const certificate = declared.steps.indexOf(draft.certificate)
  const keeper = new Map<string, string>()
  for (const [index, name] of declared.steps.entries()) {
    const keeps = draft.steps[name]?.keeps
    if (keeps === undefined) continue
    const where = at.value(['steps', name, 'keeps'])
    const other = keeper.get(keeps)
    // A name that is only misspelt is reported where it stands.
    keeper.set(nearest(keeps, Object.keys(declared.keeps)) ?? keeps, other ?? name)
    if (other !== undefined) report('kept-twice', where, { name: keeps, other })
    if (index <= certificate && Object.hasOwn(declared.keeps, keeps)) {
      report('keep-early', where, { name: keeps, step: name, certificate: draft.certificate })
    }
  }
  for (const name of Object.keys(declared.keeps)) {
    if (!keeper.has(name)) report('kept-never', at.key(['keeps', name]), { name })
  }
}

/** Checks that no airgap verb runs twice: it draws from the session and its own label, so it would deal the same polynomial again. */
function checkOnce({ draft, at, report }: Resolving): void {
  const first = new Map<string, string>()
  const calls: readonly (readonly [string, string, DraftCall | undefined])[] = [
    ...Object.entries(draft.steps).map(([name, { airgap }]) => ['steps', name, airgap] as const),
    ...Object.entries(draft.disputes ?? {}).map(([name, { airgap }]) => ['disputes', name, airgap] as const),
  ]
  for (const [part, name, airgap] of calls) {
    for (const verb of Object.keys(airgap ?? {})) {
      const other = first.get(verb)
      if (other === undefined) first.set(verb, name)
      else report('verb-twice', at.key([part, name, 'airgap', verb]), { verb, other })
    }
  }
}

function checkUnused({ draft, declared, used, at, report }: Resolving): void {
  for (const name of Object.keys(draft.parameters ?? {})) {
    if (!used.has(name) && hasForm(name, smallName)) report('unused', at.key(['parameters', name]), { name, what: 'the parameter' })
  }
  for (const step of declared.steps) {
    for (const name of Object.keys(draft.steps[step]?.prepare ?? {})) {
      if (!used.has(name)) report('unused', at.key(['steps', step, 'prepare', name]), { name, what: 'the prepared value' })
    }
  }
  const followed = declared.follows?.local
  if (followed !== undefined && !used.has(followed)) {
    report('unused', at.key(['follows', followed]), { name: followed, what: 'the followed ceremony' })
  }
}
