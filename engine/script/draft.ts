/** A script whose outline is right: the fields are there and of the right kind. What they name is not checked yet. */

/** A verb and its arguments. Exactly one entry, once checked. */
export type DraftCall = Readonly<Record<string, readonly string[]>>

/** `hash` or `[hash]`, once checked. */
export type DraftFields = Readonly<Record<string, unknown>>

export interface DraftMessage {
  readonly to: string
  readonly payload?: DraftFields
  readonly attachment?: DraftFields
}

export interface DraftStep {
  readonly prepare?: Readonly<Record<string, DraftCall>>
  readonly airgap?: DraftCall
  readonly client?: DraftCall
  readonly confirm?: readonly string[]
  readonly assist?: DraftCall
  readonly sends: string
  readonly disputes?: string
  readonly check?: DraftCall
  readonly collect: string
  readonly agree?: readonly string[]
  readonly within: string
  readonly keeps?: string
}

export interface DraftDispute {
  readonly airgap: DraftCall
  readonly sends: string
  readonly within: string
  readonly judge: DraftCall
}

export interface Draft {
  readonly ceremony: string
  readonly version: string
  readonly title: string
  readonly participants?: { readonly min: number; readonly max: number }
  readonly follows?: Readonly<Record<string, string>>
  readonly parameters?: DraftFields
  readonly keeps?: Readonly<Record<string, string>>
  readonly messages: Readonly<Record<string, DraftMessage>>
  readonly steps: Readonly<Record<string, DraftStep>>
  readonly disputes?: Readonly<Record<string, DraftDispute>>
  readonly certificate: string
  readonly outputs?: Readonly<Record<string, string | DraftCall>>
}
