/** Where a ceremony's messages stand in the log, so that every cell of its table can lead there. */
import type { Post } from '../../engine/run/ledger-read.ts'
import type { AttachmentView } from './model.ts'

interface Place {
  readonly step: string
  readonly from: string
  readonly attachment?: string
}

/** The messages of one step by one participant. */
export interface Made {
  readonly offset: number
  readonly count: number
}

const MOST_ATTACHMENTS = 200

export class Places {
  private readonly all = new Map<number, Place>()

  add({ offset, message: { statement, attachment } }: Post): void {
    if (statement.step === null) return
    this.all.set(offset, { step: statement.step, from: statement.from, ...(attachment === undefined ? {} : { attachment }) })
  }

  /** By step and participant, of those offsets that count. */
  made(counting: readonly number[]): (step: string, from: string) => Made | undefined {
    const found = new Map<string, Made>()
    for (const offset of counting) {
      const place = this.all.get(offset)
      if (place === undefined) continue
      const key = `${place.step}\n${place.from}`
      const before = found.get(key)
      found.set(key, { offset: Math.min(offset, before?.offset ?? offset), count: (before?.count ?? 0) + 1 })
    }
    return (step, from) => found.get(`${step}\n${from}`)
  }

  attachments(counting: readonly number[]): { readonly attachments: readonly AttachmentView[]; readonly attachmentCount: number } {
    const found = [...counting].sort((a, b) => a - b).flatMap((offset): AttachmentView[] => {
      const place = this.all.get(offset)
      return place?.attachment === undefined ? [] : [{ hash: place.attachment, from: place.from, step: place.step, offset }]
    })
    return { attachments: found.slice(0, MOST_ATTACHMENTS), attachmentCount: found.length }
  }

  get offsets(): readonly number[] {
    return [...this.all.keys()]
  }
}
