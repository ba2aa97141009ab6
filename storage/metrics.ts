/** Counters in Prometheus' text format (version 0.0.4). */
export interface Metrics {
  add(name: MetricName, labels: Readonly<Record<string, string>>, by?: number): void
  /** Sets a gauge. */
  set(name: MetricName, labels: Readonly<Record<string, string>>, value: number): void
  text(): string
}

const METRICS = {
  keyrite_requests_total: ['counter', 'Requests answered, by route and status.'],
  keyrite_messages_total: ['counter', 'Messages added to a board since the start.'],
  keyrite_batches_total: ['counter', 'Batches of messages synced to disk.'],
  keyrite_batch_seconds_total: ['counter', 'Seconds spent on writing and syncing batches.'],
  keyrite_offset: ['gauge', 'Offset of the last message on a board, -1 if there is none.'],
  keyrite_participants: ['gauge', 'Registered participants of a board.'],
  keyrite_attachments: ['gauge', 'Attachments stored for a board.'],
  keyrite_failed: ['gauge', '1 if a board can no longer be written.'],
  keyrite_streams: ['gauge', 'Open event streams.'],
} as const

export type MetricName = keyof typeof METRICS

export function newMetrics(): Metrics {
  const values = new Map<MetricName, Map<string, number>>()
  const series = (name: MetricName): Map<string, number> => {
    const found = values.get(name) ?? new Map<string, number>()
    values.set(name, found)
    return found
  }
  // Label values are board names, route patterns and numbers: nothing in them needs escaping.
  const key = (labels: Readonly<Record<string, string>>): string => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
  }
  return {
    add(name, labels, by = 1) {
      const found = series(name)
      found.set(key(labels), (found.get(key(labels)) ?? 0) + by)
    },
    set(name, labels, value) {
      series(name).set(key(labels), value)
    },
    text() {
      const lines: string[] = []
      for (const [name, found] of values) {
        const [kind, help] = METRICS[name]
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`)
        for (const [labels, value] of found) lines.push(`${name}${labels} ${value}`)
      }
      return lines.join('\n') + '\n'
    },
  }
}
