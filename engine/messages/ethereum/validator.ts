import { integerField } from '../fields.ts'

/** A validator's place in the registry, below VALIDATOR_REGISTRY_LIMIT (consensus-specs, phase0: 2⁴⁰). */
export const validatorField = integerField('Validator index', 0, 2 ** 40 - 1)
