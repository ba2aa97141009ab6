/** Where a ceremony's messages stand in the log, so that every cell of its table can lead there. */
import type { Post } from '../../engine/run/reading.ts'
import type { AttachmentView } from './model.ts'

interface Place {
  readonly step: string
  readonly from: string
  readonly attachment?: string
}

const MOST_ATTACHMENTS = 200

export class Places {
  private readonly all = new Map<number, Place>()

  add({ offset, message: { statement, attachment } }: Post): void {
    if (statement.step === null) return
    this.all.set(offset, { step: statement.step, from: statement.from, ...(attachment === undefined ? {} : { attachment }) })
  }

  /** Where a participant's first message of a step stands, among these offsets. */
  firstOf(offsets: readonly number[]): (step: string, from: string) => number | undefined {
    const found = new Map<string, number>()
    for (const offset of offsets) {
      const place = this.all.get(offset)
      if (place === undefined) continue
      const key = `${place.step}\n${place.from}`
      found.set(key, Math.min(offset, found.get(key) ?? offset))
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
