/**
 * Giving up for good (protocol §6): an airgap that stated its part of a certificate, and never hears what became of it, states in the
 * slot of the step after that it will never take that step. Without its word there the ceremony can never be usable.
 */
import type { Ceremony, Step } from '../machines/ceremony.ts'

/** The type of that statement, which every script has. */
export const ABANDONED = 'Abandoned'

/** The step in whose slot it stands: the first of the airgap after the certificate that collects from all; none where there is no such. */
export function abandonStep({ steps, certificate }: Ceremony): Step | undefined {
  const index = steps.findIndex(({ name }) => name === certificate)
  return steps.slice(index + 1).find((step) => step.airgap !== undefined && step.collect.kind === 'all')
}
